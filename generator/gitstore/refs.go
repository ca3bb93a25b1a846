package gitstore

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// refs are the references of a local repository: a file each, or a line of
// packed-refs. They are written the way the git command does, so that both can
// write at the same time.
type refs struct {
	dir string // the repository's common directory
}

// read gives where a reference points, zero when it is not there.
func (r refs) read(name string) (Hash, error) {
	for range 5 {
		b, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist), err != nil && isDirectory(filepath.Join(r.dir, filepath.FromSlash(name))):
			return r.packed(name)
		case err != nil:
			return Hash{}, err
		}
		text := strings.TrimSpace(string(b))
		if target, ok := strings.CutPrefix(text, "ref: "); ok {
			name = strings.TrimSpace(target)
			continue
		}
		h, err := parseHash(text)
		if err != nil {
			return Hash{}, fmt.Errorf("%s is damaged: %w", filepath.Join(r.dir, name), err)
		}
		return h, nil
	}
	return Hash{}, fmt.Errorf("%s is a symbolic reference that goes in circles", name)
}

func isDirectory(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}

// packed looks a reference up in packed-refs.
func (r refs) packed(name string) (h Hash, err error) {
	err = r.eachPacked(func(n string, at Hash) {
		if n == name {
			h = at
		}
	})
	return h, err
}

func (r refs) eachPacked(visit func(string, Hash)) error {
	f, err := os.Open(filepath.Join(r.dir, "packed-refs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		b := lines.Bytes()
		if len(b) < 42 || b[0] == '#' || b[0] == '^' {
			continue
		}
		if h, err := parseHash(string(b[:40])); err == nil {
			visit(string(bytes.TrimSpace(b[41:])), h)
		}
	}
	return lines.Err()
}

// branches lists the names of all branches.
func (r refs) branches() ([]string, error) {
	const prefix = "refs/heads/"
	seen := map[string]bool{}
	root := filepath.Join(r.dir, "refs", "heads")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // git removes empty directories whenever it likes
		}
		if err == nil && !d.IsDir() && !strings.HasSuffix(p, ".lock") {
			rel, _ := filepath.Rel(root, p)
			seen[filepath.ToSlash(rel)] = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	err = r.eachPacked(func(n string, _ Hash) {
		if branch, ok := strings.CutPrefix(n, prefix); ok {
			seen[branch] = true
		}
	})
	names := make([]string, 0, len(seen))
	for n := range seen {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, err
}

// target follows a symbolic reference to the name that holds the hash.
func (r refs) target(name string) string {
	for range 5 {
		b, err := os.ReadFile(filepath.Join(r.dir, filepath.FromSlash(name)))
		target, ok := strings.CutPrefix(string(b), "ref: ")
		if err != nil || !ok {
			return name
		}
		name = strings.TrimSpace(target)
	}
	return name
}

// branchFault says why git would refuse a branch name.
func branchFault(b string) string {
	switch {
	case b == "", b == "@", strings.HasPrefix(b, "-"), strings.HasSuffix(b, "."):
		return "empty, @, a leading dash or a trailing dot"
	case strings.Contains(b, ".."), strings.Contains(b, "@{"), strings.Contains(b, "//"):
		return "it contains .., @{ or //"
	case strings.HasPrefix(b, "/"), strings.HasSuffix(b, "/"):
		return "it begins or ends with a slash"
	case strings.ContainsFunc(b, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("~^:?*[\\", r) }):
		return "it contains a space, a control character or one of ~^:?*[\\"
	}
	for part := range strings.SplitSeq(b, "/") {
		if strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return "a part of it begins with a dot or ends in .lock"
		}
	}
	return ""
}
