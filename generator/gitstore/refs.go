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

// refs reads the references of a local repository: one file each, or a line in
// packed-refs.
type refs struct {
	dir string // the repository's common directory
}

// read returns the hash of a reference, zero when it does not exist.
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
	return Hash{}, fmt.Errorf("the symbolic reference %s is circular", name)
}

func isDirectory(p string) bool {
	info, err := os.Stat(p)
	return err == nil && info.IsDir()
}

// packed returns the hash of a reference in packed-refs.
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
func (r refs) branches() ([]string, error) { return r.below("refs/heads/") }

// below lists the names of the references with a prefix, without it.
func (r refs) below(prefix string) ([]string, error) {
	seen := map[string]bool{}
	root := filepath.Join(r.dir, filepath.FromSlash(prefix))
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // git may remove empty directories at any time
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

// resolve follows a symbolic reference to the name of the reference with the hash.
func (r refs) resolve(name string) string {
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
