package render

import (
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// mountPoint is the path of the env repo for kustomize. Other paths are outside of the
// env repo, however many ".." they contain.
const mountPoint = "/env-repo"

var errReadOnly = errors.New("the env repo is read-only while it is rendered")

// files provides the files of an env repo to kustomize; paths begin with mountPoint.
type files interface {
	// locate resolves links. It returns a directory and, for a file, its name in it.
	locate(name string) (dir, file string, err error)
	read(name string) ([]byte, error)
	list(name string) ([]string, error)
}

// viewFiles provides the files of a view.
type viewFiles struct{ view *view }

// inTree returns the path relative to the root of the env repo.
func (f viewFiles) inTree(name string) (string, error) {
	clean := path.Join("/", name)
	switch {
	case clean == mountPoint:
		return ".", nil
	case strings.HasPrefix(clean, mountPoint+"/"):
		return strings.TrimPrefix(clean, mountPoint+"/"), nil
	}
	return "", f.view.reject(outsideError(name))
}

func (f viewFiles) locate(name string) (string, string, error) {
	inside, err := f.inTree(name)
	if err != nil {
		return "", "", err
	}
	real, n, err := f.view.resolve(inside)
	if err != nil {
		return "", "", err
	}
	full := path.Join(mountPoint, real)
	if n.mode.IsDir() {
		return full, "", nil
	}
	return path.Dir(full), path.Base(full), nil
}

func (f viewFiles) read(name string) ([]byte, error) {
	inside, err := f.inTree(name)
	if err != nil {
		return nil, err
	}
	data, err := f.view.read(inside)
	if err != nil {
		return nil, err
	}
	return data, f.view.checkAliases(inside, data)
}

func (f viewFiles) list(name string) ([]string, error) {
	inside, err := f.inTree(name)
	if err != nil {
		return nil, err
	}
	return f.view.list(inside)
}

// treeFS implements the file system of kustomize.
type treeFS struct{ files files }

var _ filesys.FileSystem = treeFS{}

// CleanedAbs resolves links and splits a path into a directory and a file in it.
func (f treeFS) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	dir, file, err := f.files.locate(name)
	return filesys.ConfirmedDir(dir), file, err
}

// ReadFile returns the content of a file.
func (f treeFS) ReadFile(name string) ([]byte, error) { return f.files.read(name) }

// IsDir reports whether a path is a directory.
func (f treeFS) IsDir(name string) bool {
	_, file, err := f.files.locate(name)
	return err == nil && file == ""
}

// Exists reports whether a path exists.
func (f treeFS) Exists(name string) bool {
	_, _, err := f.files.locate(name)
	return err == nil
}

// ReadDir returns the names in a directory.
func (f treeFS) ReadDir(name string) ([]string, error) { return f.files.list(name) }

// Glob returns the files of one directory that match the last part of a pattern.
func (f treeFS) Glob(pattern string) ([]string, error) {
	dir := path.Dir(pattern)
	names, err := f.files.list(dir)
	if err != nil {
		return nil, nil // like filepath.Glob, Glob ignores errors
	}
	var found []string
	for _, name := range names {
		ok, err := path.Match(path.Base(pattern), name)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, path.Join(dir, name))
		}
	}
	return found, nil
}

// A build does not use the following methods: it writes nothing and reads by name.

func (treeFS) Create(string) (filesys.File, error)    { return nil, errReadOnly }
func (treeFS) Mkdir(string) error                     { return errReadOnly }
func (treeFS) MkdirAll(string) error                  { return errReadOnly }
func (treeFS) RemoveAll(string) error                 { return errReadOnly }
func (treeFS) WriteFile(string, []byte) error         { return errReadOnly }
func (treeFS) Open(name string) (filesys.File, error) { return nil, os.ErrPermission }
func (treeFS) Walk(string, filepath.WalkFunc) error   { return os.ErrPermission }
