package gitstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// Edit returns what to commit on top of the tip. It must be a pure function of the
// tree: it runs again whenever another writer moves the branch first.
type Edit func(ctx context.Context, tip *Snapshot) (Commit, error)

// Commit is the commit that an edit asks for.
type Commit struct {
	Author  Identity // the person or CI identity; the committer when empty
	Message string
	Changes []Change
}

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

// pathProblem returns why git, or a work tree on some operating system, cannot
// hold a path. It returns "" for a valid path.
func pathProblem(p string) string {
	switch {
	case p == "":
		return "the path is empty"
	case len(p) > 4096:
		return "the path is too long"
	case strings.ContainsAny(p, "\\"):
		return "the path contains a backslash"
	}
	for part := range strings.SplitSeq(p, "/") {
		bare := strings.TrimRight(part, ". ")
		switch {
		case part == "":
			return "the path has an empty part between slashes"
		case part == "." || part == "..":
			return "the path has a . or .. part"
		case strings.EqualFold(bare, ".git"), strings.EqualFold(bare, "git~1"):
			return "the path leads into git's own directory"
		case strings.ContainsFunc(part, func(r rune) bool { return r < ' ' || r == 0x7f }):
			return "the path contains a control character"
		}
	}
	return ""
}

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

// builder makes the objects of one commit.
type builder struct {
	objs       *objects
	newObjects []newObject
}

// build returns the root directory with the changes made.
func (b *builder) build(ctx context.Context, root Hash, changes []Change) (Hash, error) {
	n, err := plan(changes)
	if err != nil {
		return Hash{}, err
	}
	ref, err := b.directory(ctx, "", TreeRef{root, ModeDir}, n)
	if err != nil {
		return Hash{}, err
	}
	if ref.Hash.IsZero() { // the last file was removed
		b.newObjects = append(b.newObjects, makeObject(treeObject, nil))
		return emptyTree, nil
	}
	return ref.Hash, nil
}

// entry returns the entry of a path after the changes at and below it.
func (b *builder) entry(ctx context.Context, path string, old TreeRef, n *node) (TreeRef, error) {
	if c := n.change; c != nil {
		switch {
		case c.Entry != nil:
			old = *c.Entry
		case c.Delete:
			old = TreeRef{}
		default:
			return b.file(path, old, c.Data)
		}
		if len(n.children) == 0 {
			return old, nil
		}
	}
	if !old.Hash.IsZero() && !old.IsDir() {
		return TreeRef{}, failf(staging.CodeInvalid, nil, "", "cannot write below %s: it is a file", path)
	}
	return b.directory(ctx, path, old, n)
}

func (b *builder) file(path string, old TreeRef, data []byte) (TreeRef, error) {
	ref := TreeRef{Mode: ModeFile}
	switch {
	case old.Hash.IsZero(), old.Mode == ModeSymlink:
	case old.IsDir(), old.Mode == ModeSubmodule:
		return TreeRef{}, failf(staging.CodeInvalid, nil, "", "cannot write %s: it is a directory", path)
	default:
		ref.Mode = old.Mode
	}
	o := makeObject(blobObject, data)
	ref.Hash = o.hash
	if o.hash != old.Hash {
		b.newObjects = append(b.newObjects, o)
	}
	return ref, nil
}

// directory rebuilds one directory. It returns a zero TreeRef when no file is left.
func (b *builder) directory(ctx context.Context, path string, old TreeRef, n *node) (TreeRef, error) {
	t, err := b.objs.tree(ctx, old.Hash)
	if err != nil {
		return TreeRef{}, err
	}
	changes := make([]entryChange, 0, len(n.children))
	for _, name := range slices.Sorted(maps.Keys(n.children)) {
		was, _ := t.lookup(name)
		ref, err := b.entry(ctx, join(path, name), was, n.children[name])
		if err != nil {
			return TreeRef{}, err
		}
		if ref != was {
			changes = append(changes, entryChange{name, ref})
		}
	}
	if len(changes) == 0 {
		return old, nil
	}
	raw := t.apply(changes)
	if len(raw) == 0 {
		return TreeRef{}, nil
	}
	o := makeObject(treeObject, raw)
	o.base = old.Hash
	b.newObjects = append(b.newObjects, o)
	return TreeRef{o.hash, ModeDir}, nil
}

func join(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// run calls an edit and turns a panic into an error.
func (e Edit) run(ctx context.Context, tip *Snapshot) (c Commit, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the edit panicked: %v", p)
		}
	}()
	if e == nil {
		return Commit{}, errors.New("gitstore: no edit")
	}
	return e(ctx, tip)
}
