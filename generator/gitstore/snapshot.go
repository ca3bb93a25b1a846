package gitstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"octopod/generator/staging"
)

// MaxBlob is the size limit of files in bytes. Reading a larger file is an error.
const MaxBlob = 8 << 20

// Snapshot is the tree at one revision, as a read-only file system. It is immutable
// and safe for concurrent use. Files of a remote are fetched on first read; Prefetch
// fetches many in one request.
type Snapshot struct {
	objs     *objects
	life     context.Context // ends with the store; reads need it because the methods of fs.FS take no context
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

// Origin returns repository and branch for messages, without credentials.
func (s *Snapshot) Origin() string { return s.origin }

// Revision returns the commit, zero for a repository without commits.
func (s *Snapshot) Revision() Hash { return s.revision }

// Time returns the commit's time.
func (s *Snapshot) Time() time.Time { return s.when }

// Entry returns the object of a path without reading it, and whether the path exists.
// Two revisions have the same content at a path exactly when their entries are equal.
func (s *Snapshot) Entry(name string) (ref TreeRef, exists bool, err error) {
	ref, err = s.entry(s.life, name)
	if errors.Is(err, fs.ErrNotExist) {
		return TreeRef{}, false, nil
	}
	if err != nil {
		return TreeRef{}, false, fmt.Errorf("look up %s: %w", name, err)
	}
	return ref, true, nil
}

// entry returns the entry of a path, or fs.ErrNotExist.
func (s *Snapshot) entry(ctx context.Context, name string) (TreeRef, error) {
	return s.walk(ctx, name, func(Hash) bool { return true })
}

// nearestLocal returns the entry of a path, or of the first directory on the way
// that is not local. Fetching that directory also fetches the path.
func (s *Snapshot) nearestLocal(ctx context.Context, name string) (TreeRef, error) {
	return s.walk(ctx, name, func(dir Hash) bool { return dir == emptyTree || s.objs.isLocal(ctx, dir) })
}

// walk returns the entry of a path, or of the first directory on the way for which
// enters returns false.
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

// Prefetch fetches everything at and below the given paths in one request. It skips
// paths that do not exist. For a local repository it does nothing.
func (s *Snapshot) Prefetch(ctx context.Context, paths ...string) error {
	var want []Hash
	for _, p := range paths {
		ref, err := s.nearestLocal(ctx, p)
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

// WithChanges returns the tree with some changes made. It writes nothing, and Revision stays
// the commit that the changes are based on.
func (s *Snapshot) WithChanges(ctx context.Context, changes []Change) (*Snapshot, error) {
	trees := builder{objs: s.objs}
	root, err := trees.build(ctx, s.root, changes)
	if err != nil {
		return nil, err
	}
	after := *s
	after.objs, after.root = s.objs.withNew(trees.newObjects), root
	return &after, nil
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

// ReadFile reads a file. For a symbolic link it returns the target.
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
			"%s has %d MiB; Octopod reads files up to %d MiB", name, size>>20, MaxBlob>>20)
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
	return failf(staging.CodeInvalid, nil, "copy its files into the env repo",
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

// openFile is an open file or directory.
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

// ReadDir returns the next n entries, or all remaining ones when n is not positive.
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
