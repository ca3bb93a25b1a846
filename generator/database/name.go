package database

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// MaxName is the length of a database's name in bytes: PostgreSQL cuts names after 63
// bytes, and the name of a snapshot needs ten more than its database.
const MaxName = 53

// hashDigits is the length of the hash in shortened names and in names of snapshots.
const hashDigits = 8

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*$`)
	labelPattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	notInNames   = regexp.MustCompile(`[^a-z0-9]+`)
)

// MaxLabel is the length of a snapshot's label in bytes.
const MaxLabel = 40

// NameOf returns the name of a staging's database: the pattern of octopod.yaml with
// {project} and {name} filled in. A name that is too long, or that would equal the name of
// another staging, ends with a hash.
func NameOf(pattern, project, staging string) string {
	text := strings.NewReplacer("{project}", project, "{name}", staging).Replace(pattern)
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(text), "_"), "_")
	if len(name) <= MaxName && name == strings.ReplaceAll(text, "-", "_") {
		return name
	}
	cut := min(len(name), MaxName-hashDigits-1)
	return strings.TrimPrefix(strings.TrimRight(name[:cut], "_")+"_"+hash(text), "_")
}

// CheckName returns a fault of code usage if a database cannot have this name.
func CheckName(name string) error {
	if len(name) > MaxName || !namePattern.MatchString(name) {
		return Faultf(Usage, "%q is not the name of a staging's database: use lower-case letters, digits and single underscores, at most %d bytes", name, MaxName)
	}
	return nil
}

// CheckLabel returns a fault of code usage if a snapshot cannot have this label.
func CheckLabel(label string) error {
	if len(label) > MaxLabel || !labelPattern.MatchString(label) {
		return Faultf(Usage, "%q is not the label of a snapshot: use lower-case letters, digits and single dashes, at most %d bytes", label, MaxLabel)
	}
	return nil
}

// The copies of a database beside itself. newCopy is where a copy is made, oldCopy has the
// data before the last reset, and swapName is a name within one transaction only.
func newCopy(name string) string  { return name + "__new" }
func oldCopy(name string) string  { return name + "__old" }
func swapName(name string) string { return name + "__tmp" }

// SnapshotCopy returns the name of the copy that holds a snapshot.
func SnapshotCopy(name, label string) string { return name + "__" + hash(label) }

var copySuffix = regexp.MustCompile(`^(|__new|__old|__tmp|__[0-9a-f]{8})$`)

// InFamily reports whether a database of the server has the name of a staging's database
// or of one of its copies.
func InFamily(name, other string) bool {
	suffix, found := strings.CutPrefix(other, name)
	return found && copySuffix.MatchString(suffix)
}

// isSnapshotOf reports whether a database has the name of a snapshot's copy.
func isSnapshotOf(name, other string) bool {
	return InFamily(name, other) && len(other) == len(name)+len("__")+hashDigits
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:hashDigits]
}
