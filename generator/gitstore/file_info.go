package gitstore

import (
	"cmp"
	"io/fs"
	"slices"
	"time"
)

// fileInfo is the fs.FileInfo of an entry. Its size is read only on demand.
type fileInfo struct {
	snap *Snapshot
	name string
	ref  TreeRef
}

var (
	_ fs.FileInfo = (*fileInfo)(nil)
	_ fs.DirEntry = (*fileInfo)(nil)
)

func (i *fileInfo) Name() string               { return i.name }
func (i *fileInfo) IsDir() bool                { return i.ref.IsDir() }
func (i *fileInfo) ModTime() time.Time         { return i.snap.when }
func (i *fileInfo) Sys() any                   { return i.ref }
func (i *fileInfo) Type() fs.FileMode          { return i.Mode().Type() }
func (i *fileInfo) Info() (fs.FileInfo, error) { return i, nil }

// Size returns a file's size. It is 0 for directories and submodules, and when the
// size cannot be read: fs.FileInfo has no room for an error.
func (i *fileInfo) Size() int64 {
	if i.IsDir() || i.ref.Mode == ModeSubmodule {
		return 0
	}
	n, err := i.snap.objs.size(i.snap.life, i.ref.Hash)
	if err != nil {
		return 0
	}
	return n
}

// Mode maps git's modes. A submodule is irregular, so that callers do not read it.
func (i *fileInfo) Mode() fs.FileMode {
	switch i.ref.Mode {
	case ModeDir:
		return fs.ModeDir | 0o755
	case ModeExecutable:
		return 0o755
	case ModeSymlink:
		return fs.ModeSymlink | 0o777
	case ModeSubmodule:
		return fs.ModeIrregular
	}
	return 0o644
}

// list returns the entries of a directory sorted by name, as fs.ReadDirFS requires.
// In git's order, directories sort as if their names ended in a slash.
func (s *Snapshot) list(dir string, t *tree) []fs.DirEntry {
	out := make([]fs.DirEntry, t.len())
	for i := range out {
		out[i] = &fileInfo{snap: s, name: string(t.name(i)), ref: t.ref(i)}
	}
	slices.SortFunc(out, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	return out
}
