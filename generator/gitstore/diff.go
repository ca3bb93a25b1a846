package gitstore

import (
	"bytes"
	"context"
)

// entryDiff is a name that differs between two versions of a directory.
type entryDiff struct {
	name     string
	old, new TreeRef // zero when the version has no such entry
}

// diffDirs lists the entries that differ between two versions of a directory, in
// git's order. It skips equal ranges of raw bytes without decoding them.
func diffDirs(a, b *tree) []entryDiff {
	var out []entryDiff
	head := commonPrefix(a.raw, b.raw)
	i, j := a.entryAt(head), b.entryAt(head)
	for i < a.len() || j < b.len() {
		switch c := compareAt(a, i, b, j); {
		case c < 0:
			out = append(out, entryDiff{name: string(a.name(i)), old: a.ref(i)})
			i++
		case c > 0:
			out = append(out, entryDiff{name: string(b.name(j)), new: b.ref(j)})
			j++
		default:
			if old, new := a.ref(i), b.ref(j); old != new {
				out = append(out, entryDiff{string(a.name(i)), old, new})
			}
			i, j = i+1, j+1
			if len(a.raw)-a.start(i) == len(b.raw)-b.start(j) && bytes.Equal(a.raw[a.start(i):], b.raw[b.start(j):]) {
				return out
			}
		}
	}
	return out
}

func compareAt(a *tree, i int, b *tree, j int) int {
	switch {
	case i >= a.len():
		return 1
	case j >= b.len():
		return -1
	}
	return compareNames(a.name(i), a.isDir(i), string(b.name(j)), b.isDir(j))
}

// diffFiles calls visit for every file that differs between two versions of the
// directory dir.
func (o *objects) diffFiles(ctx context.Context, dir string, old, new Hash, visit func(path string, old, new TreeRef) error) error {
	a, err := o.tree(ctx, old)
	if err != nil {
		return err
	}
	b, err := o.tree(ctx, new)
	if err != nil {
		return err
	}
	for _, d := range diffDirs(a, b) {
		path := join(dir, d.name)
		var was, is TreeRef
		if !d.old.IsDir() {
			was = d.old
		}
		if !d.new.IsDir() {
			is = d.new
		}
		if was != is {
			if err := visit(path, was, is); err != nil {
				return err
			}
		}
		if d.old.IsDir() || d.new.IsDir() {
			if err := o.diffFiles(ctx, path, dirHash(d.old), dirHash(d.new), visit); err != nil {
				return err
			}
		}
	}
	return nil
}

func dirHash(r TreeRef) Hash {
	if r.IsDir() {
		return r.Hash
	}
	return emptyTree
}
