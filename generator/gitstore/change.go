package gitstore

import (
	"strings"

	"octopod/generator/staging"
)

// Change writes or removes one path. It sets exactly one of three fields: Data
// writes a file (an existing file keeps its mode), Entry puts an object that the
// repository already holds (such as an earlier version of a directory), Delete
// removes a file or directory. The commit may also change paths below a Delete or
// an Entry; those changes apply on top. A directory without files is removed.
type Change struct {
	Path   string
	Data   []byte
	Entry  *TreeRef
	Delete bool
}

// node is a path in the tree of a commit's changes.
type node struct {
	change   *Change
	children map[string]*node
}

// plan groups changes by directory. It returns an error for invalid paths and for
// changes that contradict each other.
func plan(changes []Change) (*node, error) {
	root := &node{}
	var problems []staging.Problem
	for i := range changes {
		c := &changes[i]
		why := c.problem()
		if why == "" {
			why = root.add(c)
		}
		if why != "" {
			problems = append(problems, staging.Problem{File: c.Path, Message: why})
		}
	}
	return root, staging.Invalid("cannot commit these changes", problems)
}

// problem returns why a change is invalid in any tree, "" when it is valid.
func (c *Change) problem() string {
	if why := pathProblem(c.Path); why != "" {
		return why
	}
	kinds := 0
	for _, set := range []bool{c.Data != nil, c.Entry != nil, c.Delete} {
		if set {
			kinds++
		}
	}
	if kinds > 1 {
		return "set only one of data, entry and delete"
	}
	if c.Entry != nil && c.Entry.Hash.IsZero() {
		return "the entry has no hash"
	}
	return ""
}

// writes reports whether the change writes a file.
func (c *Change) writes() bool { return c.Entry == nil && !c.Delete }

func (n *node) add(c *Change) string {
	parts := strings.Split(c.Path, "/")
	for _, part := range parts {
		if n.change != nil && n.change.writes() {
			return "a file and something below it are written in one commit"
		}
		next := n.children[part]
		if next == nil {
			if n.children == nil {
				n.children = map[string]*node{}
			}
			next = &node{}
			n.children[part] = next
		}
		n = next
	}
	switch {
	case n.change != nil:
		return "the path is changed twice in one commit"
	case len(n.children) > 0 && c.writes():
		return "a file and something below it are written in one commit"
	}
	n.change = c
	return ""
}
