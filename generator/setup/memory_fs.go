package setup

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// memoryFS is an fs.FS of files in memory, by path: the env repo as it will be.
type memoryFS map[string][]byte

func newMemoryFS(files []staging.File) memoryFS {
	m := memoryFS{}
	for _, file := range files {
		m[file.Path] = file.Data
	}
	return m
}

// Open opens a file, or a directory that holds one.
func (m memoryFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if data, ok := m[name]; ok {
		return memoryFile{memoryInfo{name: path.Base(name), size: len(data)}, bytes.NewReader(data)}, nil
	}
	entries := m.entries(name)
	if len(entries) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &memoryDir{memoryInfo{name: path.Base(name), dir: true}, entries}, nil
}

// entries lists a directory, sorted by name.
func (m memoryFS) entries(dir string) []fs.DirEntry {
	found := map[string]memoryInfo{}
	for name, data := range m {
		below, ok := name, true
		if dir != "." {
			below, ok = strings.CutPrefix(name, dir+"/")
		}
		if !ok {
			continue
		}
		child, _, isDir := strings.Cut(below, "/")
		info := memoryInfo{name: child, dir: isDir}
		if !isDir {
			info.size = len(data)
		}
		found[child] = info
	}
	var entries []fs.DirEntry
	for _, info := range found {
		entries = append(entries, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries
}

// memoryFile is an open file.
type memoryFile struct {
	memoryInfo
	*bytes.Reader
}

// Size returns the number of bytes of the file.
func (f memoryFile) Size() int64 { return f.memoryInfo.Size() }

// memoryDir is an open directory with the entries that are not read yet.
type memoryDir struct {
	memoryInfo
	rest []fs.DirEntry
}

// Read fails: a directory has no content.
func (d *memoryDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

// ReadDir returns the next n entries; with n <= 0, all that are left.
func (d *memoryDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.rest)
	} else if len(d.rest) == 0 {
		return nil, io.EOF
	}
	entries := d.rest[:min(n, len(d.rest))]
	d.rest = d.rest[len(entries):]
	return entries, nil
}

// memoryInfo describes a file or directory.
type memoryInfo struct {
	name string
	size int
	dir  bool
}

func (i memoryInfo) Stat() (fs.FileInfo, error) { return i, nil }
func (i memoryInfo) Close() error               { return nil }
func (i memoryInfo) Name() string               { return i.name }
func (i memoryInfo) Size() int64                { return int64(i.size) }
func (i memoryInfo) ModTime() time.Time         { return time.Time{} }
func (i memoryInfo) IsDir() bool                { return i.dir }
func (i memoryInfo) Sys() any                   { return nil }
func (i memoryInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
