package gitstore

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"octopod/generator/staging"
)

// MaxBlob is the size over which a file is reported instead of read.
const MaxBlob = 8 << 20

// Snapshot is the tree at one revision, as a read-only file system. It never
// changes and may be used by many goroutines. Over a remote, files are fetched
// when they are first read; Prefetch fetches many in one request.
type Snapshot struct {
	objs     *objects
	life     context.Context // of the store: fs.FS has no room for a context of the call
	origin   string
	revision Hash
	root     Hash
	when     time.Time
}

var (
	_ fs.ReadFileFS = (*Snapshot)(nil)
	_ fs.ReadDirFS  = (*Snapshot)(nil)
	_ fs.StatFS     = (*Snapshot)(nil)
)

// Origin names the repository and the branch, without credentials, for messages.
func (s *Snapshot) Origin() string { return s.origin }

// Revision gives the commit, zero for a repository without commits.
func (s *Snapshot) Revision() Hash { return s.revision }

// Time gives the commit's time.
func (s *Snapshot) Time() time.Time { return s.when }

// Back walks the commits that led here, newest first, along first parents, for as
// long as visit wants more. Their trees are not read: Entry.Tree is zero.
func (s *Snapshot) Back(ctx context.Context, visit func(Entry) (more bool)) error {
	for at := s.revision; !at.IsZero(); {
		c, err := s.objs.commit(ctx, at)
		if errors.Is(err, errNoObject) {
			return nil // a shallow repository ends here
		}
		if err != nil {
			return err
		}
		if !visit(Entry{Revision: at, Parent: c.parent(), Author: c.author, Committer: c.committer, When: c.when, Message: c.message}) {
			return nil
		}
		at = c.parent()
	}
	return nil
}

// Entry gives the object of a path without reading it. Two revisions hold the
// same content at a path exactly when their entries are equal.
func (s *Snapshot) Entry(name string) (TreeRef, bool) {
	ref, err := s.entry(s.life, name)
	return ref, err == nil
}

// entry walks down to a path.
func (s *Snapshot) entry(ctx context.Context, name string) (TreeRef, error) {
	return s.walk(ctx, name, func(Hash) bool { return true })
}

// nearest is the entry of a path, or the first directory on the way to it that
// is not here: what brings that brings the entry.
func (s *Snapshot) nearest(ctx context.Context, name string) (TreeRef, error) {
	return s.walk(ctx, name, func(dir Hash) bool { return dir == emptyTree || s.objs.holds(ctx, dir) })
}

// walk goes down to a path, through directories that it may enter.
func (s *Snapshot) walk(ctx context.Context, name string, enters func(dir Hash) bool) (TreeRef, error) {
	at := TreeRef{Hash: s.root, Mode: ModeDir}
	if name == "." || name == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !at.IsDir() {
			return TreeRef{}, fs.ErrNotExist
		}
		if !enters(at.Hash) {
			return at, nil
		}
		t, err := s.objs.tree(ctx, at.Hash)
		if err != nil {
			return TreeRef{}, err
		}
		var ok bool
		if at, ok = t.lookup(part); !ok {
			return TreeRef{}, fs.ErrNotExist
		}
	}
	return at, nil
}

// Prefetch brings everything at and below the given paths within reach in one
// request; what is not there is passed over. Over a local repository there is
// nothing to do.
func (s *Snapshot) Prefetch(ctx context.Context, paths ...string) error {
	var want []Hash
	for _, p := range paths {
		ref, err := s.nearest(ctx, p)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && ref.Mode == ModeSubmodule:
		case err != nil:
			return err
		default:
			want = append(want, ref.Hash)
		}
	}
	if len(want) == 0 {
		return nil
	}
	return s.objs.prefetch(ctx, want)
}

// Open opens a file or directory.
func (s *Snapshot) Open(name string) (fs.File, error) {
	info, err := s.stat("open", name)
	if err != nil {
		return nil, err
	}
	f := &openFile{info: info}
	if info.IsDir() {
		if f.entries, err = s.ReadDir(name); err != nil {
			return nil, err
		}
		return f, nil
	}
	data, err := s.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f.data = strings.NewReader(string(data))
	return f, nil
}

// ReadFile reads a file; of a symbolic link, its target.
func (s *Snapshot) ReadFile(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	ref, err := s.entry(s.life, name)
	switch {
	case err != nil:
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	case ref.IsDir():
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	case ref.Mode == ModeSubmodule:
		return nil, submoduleError(name)
	}
	size, err := s.objs.size(s.life, ref.Hash)
	if err == nil && size > MaxBlob {
		return nil, failf(staging.CodeInvalid, nil, "keep large files out of the env repo",
			"%s has %d MiB, Octopod reads files up to %d MiB", name, size>>20, MaxBlob>>20)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	o, err := s.objs.object(s.life, ref.Hash)
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return append([]byte(nil), o.data...), nil
}

func submoduleError(name string) error {
	return failf(staging.CodeInvalid, nil, "put the files themselves into the env repo",
		"%s is a git submodule, which Octopod does not read", name)
}

// ReadDir lists a directory, sorted by name.
func (s *Snapshot) ReadDir(name string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	ref, err := s.entry(s.life, name)
	if err == nil && !ref.IsDir() {
		err = errors.New("not a directory")
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	t, err := s.objs.tree(s.life, ref.Hash)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	return s.list(name, t), nil
}

// Stat describes a path.
func (s *Snapshot) Stat(name string) (fs.FileInfo, error) { return s.stat("stat", name) }

func (s *Snapshot) stat(op, name string) (*fileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	ref, err := s.entry(s.life, name)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return &fileInfo{snap: s, name: path.Base(name), ref: ref}, nil
}

// openFile is a file or directory that was opened.
type openFile struct {
	info    *fileInfo
	data    *strings.Reader
	entries []fs.DirEntry
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

func (f *openFile) Read(p []byte) (int, error) {
	if f.data == nil {
		return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: errors.New("is a directory")}
	}
	return f.data.Read(p)
}

// ReadDir gives the next n entries, or all that are left.
func (f *openFile) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		rest := f.entries
		f.entries = nil
		return rest, nil
	}
	if len(f.entries) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.entries))
	next := f.entries[:n]
	f.entries = f.entries[n:]
	return next, nil
}
