package render

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"octopod/generator/staging"
)

// Limits of one render.
const (
	maxFileSize  = 8 << 20
	maxTotalSize = 64 << 20
	maxObjects   = 2000
	maxLinks     = 40 // followed to resolve one path
)

// TreeHasher is an fs.FS that knows the git hash of the file or directory at a path
// ("." is the root), "" when the path does not exist. With it, a render whose inputs
// have not changed costs nothing.
type TreeHasher interface {
	TreeHash(path string) (hash string, err error)
}

// node is one entry of a tree.
type node struct {
	mode   fs.FileMode // fs.ModeDir, fs.ModeSymlink or 0 for a file
	target string      // of a symbolic link
	err    error
}

// snapshot is a revision of the env repo with a cache of its files, shared by all renders
// of the revision. It does not cache files in envs/, which only one staging reads.
type snapshot struct {
	tree   fs.FS
	hasher TreeHasher // nil when the tree has no hashes

	mu     sync.Mutex
	nodes  map[string]node
	files  map[string][]byte
	linted map[string]error // by directory outside envs/
}

func newSnapshot(tree fs.FS) *snapshot {
	hasher, _ := tree.(TreeHasher)
	return &snapshot{
		tree: tree, hasher: hasher,
		nodes: map[string]node{}, files: map[string][]byte{}, linted: map[string]error{},
	}
}

func isShared(name string) bool { return !strings.HasPrefix(name, staging.EnvsDir+"/") }

// stat returns the node at a path. It does not follow a link.
func (s *snapshot) stat(name string) node {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.nodes[name]
	if ok {
		return n
	}
	n = s.lstat(name)
	// Other errors may be temporary: the tree may be remote.
	if lasting := n.err == nil || errors.Is(n.err, fs.ErrNotExist); lasting && isShared(name) {
		s.nodes[name] = n
	}
	return n
}

func (s *snapshot) lstat(name string) node {
	info, err := fs.Lstat(s.tree, name)
	if err != nil {
		return node{err: err}
	}
	n := node{mode: info.Mode().Type()}
	switch {
	case n.mode == fs.ModeSymlink:
		n.target, n.err = readLink(s.tree, name)
	case n.mode != fs.ModeDir && n.mode != 0:
		n.err = staging.Errorf(staging.CodeInvalid, "%s is neither a file nor a directory", name).
			WithHint("commit regular files to the env repo")
	}
	return n
}

// read returns the content of a file.
func (s *snapshot) read(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, ok := s.files[name]; ok {
		return data, nil
	}
	data, err := fs.ReadFile(s.tree, name)
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileSize {
		return nil, staging.Errorf(staging.CodeInvalid, "%s is larger than %d MiB", name, maxFileSize>>20).
			WithHint("keep only text in templates, and data outside the env repo")
	}
	if isShared(name) {
		s.files[name] = data
	}
	return data, nil
}

// readLink returns the target of a link, which a git snapshot stores as content.
func readLink(tree fs.FS, name string) (string, error) {
	if links, ok := tree.(fs.ReadLinkFS); ok {
		return links.ReadLink(name)
	}
	data, err := fs.ReadFile(tree, name)
	return string(data), err
}

// hash returns the git hash at a path, "" when the path does not exist or the tree has
// no hashes.
func (s *snapshot) hash(name string) (string, error) {
	if s.hasher == nil {
		return "", nil
	}
	return s.hasher.TreeHash(name)
}

// view is the file system of one render: a snapshot, in which the files of the staging
// are replaced. It is not safe for concurrent use.
type view struct {
	base      *snapshot
	dir       string            // envs/<name>
	overlay   map[string][]byte // by full path
	inputs    map[string]string // paths read outside the overlay, with their hashes
	unhashed  bool              // the hash of an input is unknown, so the result is not cached
	sizes     map[string]int64  // of the files that were read
	total     int64
	violation error // the first access that is not hermetic
}

func newView(base *snapshot, name string, source []staging.File) *view {
	v := &view{
		base: base, dir: staging.Dir(name),
		overlay: make(map[string][]byte, len(source)),
		inputs:  map[string]string{},
		sizes:   map[string]int64{},
	}
	for _, f := range source {
		v.overlay[path.Clean(f.Path)] = f.Data
	}
	return v
}

// reject records a violation and returns it. Engines wrap, drop and retry errors of their
// file system; the record keeps the first one unchanged.
func (v *view) reject(err error) error {
	if v.violation == nil {
		v.violation = err
	}
	return err
}

// resolve follows links to a file or directory and returns its real path and node.
func (v *view) resolve(name string) (string, node, error) {
	if outsideTree(name) {
		return "", node{}, v.reject(outsideError(name))
	}
	todo, real, hops := strings.Split(path.Clean(name), "/"), ".", 0
	for len(todo) > 0 {
		next := path.Join(real, todo[0])
		todo = todo[1:]
		n, err := v.stat(next)
		if err != nil {
			return "", node{}, err
		}
		if n.mode != fs.ModeSymlink {
			real = next
			continue
		}
		target := path.Join(path.Dir(next), n.target)
		if hops++; hops > maxLinks || path.IsAbs(n.target) || outsideTree(target) {
			return "", node{}, v.reject(linkError(next, n.target))
		}
		todo, real = append(strings.Split(target, "/"), todo...), "."
	}
	n, err := v.stat(real)
	return real, n, err
}

func outsideError(name string) error {
	return staging.Errorf(staging.CodeInvalid, "%s is outside the env repo", name).
		WithHint("a template may use only files of the env repo: copy the file there")
}

// recordError rejects a template that reads the record: a change to the title or note of a
// staging must not cause a rollout.
func recordError(name string) error {
	return staging.Errorf(staging.CodeInvalid, "a template must not read %s", name).
		WithHint("read the values of the staging from %s with kustomize, or from %s with jsonnet", staging.ObjectsFile, staging.ParamsFile)
}

func linkError(name, target string) error {
	return staging.Errorf(staging.CodeInvalid, "%s is a link to %s, which is outside the env repo or part of a cycle", name, target).
		WithHint("replace the link by a copy of its target")
}

func (v *view) stat(name string) (node, error) {
	if name == path.Join(v.dir, staging.RecordFile) {
		return node{}, v.reject(recordError(name))
	}
	if _, ok := v.overlay[name]; ok {
		return node{}, nil
	}
	if name == "." || name == staging.EnvsDir || name == v.dir {
		return node{mode: fs.ModeDir}, nil
	}
	if !isShared(name) && !strings.HasPrefix(name, v.dir+"/") {
		return node{}, v.reject(staging.Errorf(staging.CodeInvalid, "%s uses %s, which belongs to another staging", v.dir, name).
			WithHint("move shared files to templates/ or jsonnet/"))
	}
	v.recordInput(name)
	n := v.base.stat(name)
	return n, v.rejectInvalid(n.err)
}

// recordInput records an input of the result: the top-level directory, or the file itself
// in the staging's own directory.
func (v *view) recordInput(name string) {
	key := name
	if isShared(name) {
		key, _, _ = strings.Cut(name, "/")
	}
	if _, ok := v.inputs[key]; ok {
		return
	}
	hash, err := v.base.hash(key)
	v.inputs[key] = hash
	v.unhashed = v.unhashed || err != nil
}

// sharedInputs returns the inputs of the result outside envs/.
func (v *view) sharedInputs() []string {
	var names []string
	for name := range v.inputs {
		if isShared(name) {
			names = append(names, name)
		}
	}
	return names
}

// recordInputs records the inputs of cached files.
func (v *view) recordInputs(names []string) {
	for _, name := range names {
		v.recordInput(name)
	}
}

// read returns the content of a file.
func (v *view) read(name string) ([]byte, error) {
	real, n, err := v.resolve(name)
	if err != nil {
		return nil, err
	}
	if n.mode.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
	}
	data, own := v.overlay[real]
	if !own {
		if data, err = v.base.read(real); err != nil {
			return nil, v.rejectInvalid(err)
		}
	}
	return data, v.countSize(real, int64(len(data)))
}

// rejectInvalid records an error as a violation if the tree is invalid.
func (v *view) rejectInvalid(err error) error {
	if staging.CodeOf(err) == staging.CodeInvalid {
		return v.reject(err)
	}
	return err
}

func (v *view) countSize(name string, size int64) error {
	if _, seen := v.sizes[name]; seen {
		return nil
	}
	v.sizes[name] = size
	if v.total += size; v.total > maxTotalSize {
		return v.reject(staging.Errorf(staging.CodeInvalid, "the templates of %s are larger than %d MiB together", v.dir, maxTotalSize>>20).
			WithHint("keep only text in templates, and data outside the env repo"))
	}
	return nil
}

// list returns the names in a directory, sorted.
func (v *view) list(name string) ([]string, error) {
	real, _, err := v.resolve(name)
	if err != nil {
		return nil, err
	}
	v.recordInput(real)
	found := map[string]bool{}
	entries, err := fs.ReadDir(v.base.tree, real)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		found[e.Name()] = true
	}
	for file := range v.overlay {
		if path.Dir(file) == real {
			found[path.Base(file)] = true
		}
	}
	return sortedKeys(found), nil
}
