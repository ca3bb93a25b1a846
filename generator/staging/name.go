package staging

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLabel is the maximum length of an RFC 1123 label, and therefore of a Kubernetes
// namespace and of one part of a host name.
const MaxLabel = 63

// maxBranch is the limit of forges: 255 bytes including "refs/heads/".
const maxBranch = 255 - len("refs/heads/")

// hashDigits is the number of digits of sha256(branch) in a name.
const hashDigits = 6

// Naming is the rule of a project for names of stagings.
type Naming struct {
	StripPrefixes []string // the first match is cut off the branch: feature/
	Budget        int      // maximum length of a name, so that every derived name fits
	Reserved      []string // rejected names: www
}

// ParseBranch checks a branch name by the rules of git (git check-ref-format) and
// returns it without refs/heads/. Octopod has no other such check.
func ParseBranch(given string) (string, error) {
	branch := strings.TrimPrefix(given, "refs/heads/")
	if why := branchFault(branch); why != "" {
		return "", Errorf(CodeInvalid, "branch %q is not a valid git branch: %s", short(given), why).
			WithHint("write the branch as `git branch` prints it, for example feature/login")
	}
	return branch, nil
}

// branchFault returns the rule of git check-ref-format that a branch breaks; "" for a valid one.
func branchFault(b string) string {
	switch {
	case b == "":
		return "it is empty"
	case b == "HEAD": // git rev-parse --abbrev-ref prints it in a detached checkout, as every CI system has it
		return "git means the commit that is checked out, on whichever branch it is"
	case len(b) > maxBranch:
		return fmt.Sprintf("it has %d bytes, and forges accept at most %d", len(b), maxBranch)
	case !utf8.ValidString(b):
		return "it is not UTF-8"
	case strings.HasPrefix(b, "-"):
		return "it begins with a dash"
	case strings.HasPrefix(b, "refs/"):
		return "only refs/heads/… is a branch"
	case strings.HasPrefix(b, "/") || strings.HasSuffix(b, "/") || strings.Contains(b, "//"):
		return "it has an empty part between slashes"
	case strings.Contains(b, ".."):
		return "it contains two dots in a row"
	case strings.Contains(b, "@{") || b == "@":
		return "@ and @{ have another meaning in git"
	case strings.HasSuffix(b, "."):
		return "it ends in a dot"
	}
	for part := range strings.SplitSeq(b, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "a part begins with a dot or ends in .lock"
		}
	}
	if i := strings.IndexFunc(b, func(r rune) bool {
		return unicode.IsControl(r) || strings.ContainsRune(" ~^:?*[\\", r)
	}); i >= 0 {
		r, _ := utf8.DecodeRuneInString(b[i:])
		return fmt.Sprintf("it contains %q", r)
	}
	return ""
}

// NameOf derives the name of a staging from its branch. If letters or digits were
// lost, or the name is too long or reserved, it ends in six digits of
// sha256(branch). Otherwise people read the plain form.
func (n Naming) NameOf(branch string) string {
	slug, lossy := n.slug(branch)
	if lossy || len(slug) > n.Budget || n.reserved(slug) {
		return n.hashed(slug, branch)
	}
	return slug
}

// HashedNameOf derives the name with the hash, for a branch whose plain name belongs
// to another branch already.
func (n Naming) HashedNameOf(branch string) string {
	slug, _ := n.slug(branch)
	return n.hashed(slug, branch)
}

// slug converts a branch to lower case with single dashes and a leading letter.
// lossy reports whether letters or digits were lost.
func (n Naming) slug(branch string) (slug string, lossy bool) {
	for _, p := range n.StripPrefixes {
		if rest, ok := strings.CutPrefix(branch, p); ok && rest != "" {
			branch = rest
			break
		}
	}
	var b strings.Builder
	for _, r := range strings.ToLower(branch) {
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			b.WriteRune(r)
		default:
			lossy = lossy || unicode.IsLetter(r) || unicode.IsDigit(r)
			if !strings.HasSuffix(b.String(), "-") {
				b.WriteByte('-')
			}
		}
	}
	slug = strings.Trim(b.String(), "-")
	switch {
	case slug == "":
		return "s", true
	case slug[0] <= '9':
		slug = "s-" + slug
	}
	return slug, lossy
}

func (n Naming) hashed(slug, branch string) string {
	sum := sha256.Sum256([]byte(branch))
	tail := "-" + hex.EncodeToString(sum[:])[:hashDigits]
	head := slug[:min(len(slug), n.Budget-len(tail))]
	return strings.TrimRight(head, "-") + tail
}

// Check returns an error for a name that no staging can have.
func (n Naming) Check(name string) error {
	switch {
	case len(name) > n.Budget:
		return Errorf(CodeInvalid, "the name %q has %d characters, and this project allows %d", short(name), len(name), n.Budget).
			WithHint("hosts and namespaces contain it and may have %d characters; choose a shorter name", MaxLabel)
	case !IsLabel(name):
		return Errorf(CodeInvalid, "%q is not a valid staging name", short(name)).
			WithHint("use lower-case letters, digits and single dashes, starting with a letter: feature-login")
	case n.reserved(name):
		return Errorf(CodeInvalid, "the name %q is reserved in this project", name).
			WithTechnicalHint("see spec.naming.reserved in octopod.yaml")
	}
	return nil
}

func (n Naming) reserved(name string) bool { return slices.Contains(n.Reserved, name) }

// IsLabel reports whether s is an RFC 1123 label with a leading letter: a valid name
// of a Kubernetes Service (RFC 1035) and of a namespace.
func IsLabel(s string) bool {
	if s == "" || len(s) > MaxLabel || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

// short truncates a quoted value.
func short(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
