package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// jsonnetBase is a jsonnet file and the files that it imports, below one directory.
type jsonnetBase struct {
	root, file string   // file is relative to root, like uses and libraries
	uses       []string // the files
	libraries  []string // directories that imports are searched in
}

// jsonnetImports matches the imports of jsonnet.
var jsonnetImports = regexp.MustCompile(`\bimport(?:str|bin)?\s*@?['"]([^'"\n]+)['"]`)

// resolveJsonnet finds the files of a jsonnet file on disk: next to it, above it, and in
// lib and vendor of its project, where jsonnet-bundler and tanka put libraries.
func resolveJsonnet(file string) (jsonnetBase, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return jsonnetBase{}, err
	}
	b := jsonnetBase{root: filepath.Dir(file)}
	libraries := jsonnetLibraries(b.root)
	var seen []string
	for todo := []string{file}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		data, err := os.ReadFile(at)
		if err != nil || slices.Contains(seen, at) {
			continue // rendering reports a file that is missing
		}
		seen = append(seen, at)
		for !isWithin(at, b.root) {
			b.root = filepath.Dir(b.root)
		}
		for _, found := range jsonnetImports.FindAllSubmatch(data, -1) {
			for _, dir := range append([]string{filepath.Dir(at)}, libraries...) {
				if target := filepath.Join(dir, filepath.FromSlash(string(found[1]))); exists(target) {
					todo = append(todo, target)
					break
				}
			}
		}
	}
	return b, b.relative(file, seen, libraries)
}

// relative fills the paths relative to the root.
func (b *jsonnetBase) relative(file string, seen, libraries []string) error {
	rel := func(path string) string {
		name, err := filepath.Rel(b.root, path)
		if err != nil {
			return ""
		}
		return filepath.ToSlash(name)
	}
	b.file = rel(file)
	for _, path := range seen {
		b.uses = append(b.uses, rel(path))
	}
	for _, dir := range libraries {
		if slices.ContainsFunc(seen, func(path string) bool { return isWithin(path, dir) }) {
			b.libraries = append(b.libraries, rel(dir))
		}
	}
	if b.file == "" || !fs.ValidPath(b.file) {
		return fs.ErrInvalid
	}
	return nil
}

// jsonnetLibraries returns lib and vendor of the nearest project above a directory, but
// not above its repository.
func jsonnetLibraries(dir string) []string {
	for {
		var found []string
		for _, name := range []string{"vendor", "lib"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
				found = append(found, filepath.Join(dir, name))
			}
		}
		up := filepath.Dir(dir)
		if len(found) > 0 || exists(filepath.Join(dir, "jsonnetfile.json")) || exists(filepath.Join(dir, ".git")) || up == dir {
			return found
		}
		dir = up
	}
}
