package gitstore

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Identity is a person or a program as git records it.
type Identity struct {
	Name  string
	Email string
}

// Normalized returns the identity as git stores it in a commit, without the
// characters that git removes.
func (i Identity) Normalized() Identity { return clean(i) }

// String returns the identity in git's form: Name <email>.
func (i Identity) String() string { return i.Name + " <" + i.Email + ">" }

// commitHeader is a decoded commit.
type commitHeader struct {
	tree      Hash
	parents   []Hash
	author    Identity
	authored  time.Time // of the request; a commit that lost pushes is younger
	committer Identity
	when      time.Time // the committer's
	message   string
}

// parent returns the first parent, zero for a root commit.
func (c *commitHeader) parent() Hash {
	if len(c.parents) == 0 {
		return Hash{}
	}
	return c.parents[0]
}

var errBadCommit = errors.New("malformed commit object")

// parseCommit decodes the raw bytes of a commit.
func parseCommit(hash Hash, raw []byte) (*commitHeader, error) {
	head, message, _ := bytes.Cut(raw, []byte("\n\n"))
	c := &commitHeader{message: string(message)}
	for line := range bytes.SplitSeq(head, []byte("\n")) {
		key, value, _ := bytes.Cut(line, []byte(" "))
		var err error
		switch string(key) {
		case "tree":
			c.tree, err = parseHash(string(value))
		case "parent":
			var p Hash
			p, err = parseHash(string(value))
			c.parents = append(c.parents, p)
		case "author":
			c.author, c.authored = parseSignature(value)
		case "committer":
			c.committer, c.when = parseSignature(value)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w: %w", hash, errBadCommit, err)
		}
	}
	if c.tree.IsZero() {
		return nil, fmt.Errorf("%s: %w", hash, errBadCommit)
	}
	return c, nil
}

// treeAndParent decodes only the tree and the first parent of a commit. A walk
// through the history needs no more of most commits.
func treeAndParent(raw []byte) (root, parent Hash, err error) {
	const digits = 40
	if len(raw) < 46 || string(raw[:5]) != "tree " {
		return root, parent, errBadCommit
	}
	if root, err = parseHash(string(raw[5 : 5+digits])); err != nil {
		return root, parent, err
	}
	rest := raw[46:]
	if bytes.HasPrefix(rest, []byte("parent ")) && len(rest) > 7+digits {
		parent, err = parseHash(string(rest[7 : 7+digits]))
	}
	return root, parent, err
}

// parseSignature reads `Name <email> 1700000000 +0100`.
func parseSignature(s []byte) (Identity, time.Time) {
	open, shut := bytes.IndexByte(s, '<'), bytes.LastIndexByte(s, '>')
	if open < 0 || shut < open {
		return Identity{Name: string(s)}, time.Time{}
	}
	id := Identity{Name: strings.TrimSpace(string(s[:open])), Email: string(s[open+1 : shut])}
	fields := strings.Fields(string(s[shut+1:]))
	if len(fields) == 0 {
		return id, time.Time{}
	}
	sec, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return id, time.Time{}
	}
	when := time.Unix(sec, 0).UTC()
	if len(fields) > 1 {
		if zone, err := time.Parse("-0700", fields[1]); err == nil {
			when = when.In(zone.Location())
		}
	}
	return id, when
}

// waited returns how long the change waited to be pushed.
func (c *commitHeader) waited() time.Duration { return c.when.Sub(c.authored) }

// encode returns the raw bytes of a commit, with the signature if there is one.
func (c *commitHeader) encode(signature []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "tree %s\n", c.tree)
	for _, p := range c.parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s %s\n", clean(c.author), stamp(c.authored))
	fmt.Fprintf(&b, "committer %s %s\n", clean(c.committer), stamp(c.when))
	if len(signature) > 0 {
		text := strings.TrimRight(string(signature), "\n")
		b.WriteString("gpgsig " + strings.ReplaceAll(text, "\n", "\n ") + "\n")
	}
	b.WriteByte('\n')
	b.WriteString(c.message)
	return b.Bytes()
}

func stamp(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) + t.Format(" -0700") }

// clean removes the characters that would break the line of an identity, as git
// does. Git also rejects an empty name, so it becomes "unknown".
func clean(i Identity) Identity {
	drop := func(s string) string {
		return strings.Trim(strings.Map(func(r rune) rune {
			if r < ' ' || r == '<' || r == '>' || r == 0x7f {
				return -1
			}
			return r
		}, s), " .,:;\"'\\")
	}
	i.Name, i.Email = drop(i.Name), strings.ReplaceAll(drop(i.Email), " ", "")
	if i.Name == "" {
		i.Name = "unknown"
	}
	return i
}

// cleanMessage removes NUL bytes, which git cannot store, and ends the message in
// one newline.
func cleanMessage(m string) string {
	m = strings.ReplaceAll(strings.ReplaceAll(m, "\x00", ""), "\r\n", "\n")
	return strings.TrimRight(m, "\n ") + "\n"
}
