package main

import (
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// resolveBase returns the closest directory that contains all files of a kustomize
// base, the path of the base within it, and the paths that the base uses. For an
// overlay with ../../base, root is two directories up.
func resolveBase(dir string) (root, within string, uses []string, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", "", nil, err
	}
	root = dir
	seen := map[string]bool{}
	for todo := []string{dir}; len(todo) > 0; todo = todo[1:] {
		if seen[todo[0]] {
			continue
		}
		seen[todo[0]] = true
		for _, path := range referencedPaths(todo[0]) {
			for !isWithin(path, root) {
				root = filepath.Dir(root)
			}
			todo = append(todo, path)
		}
	}
	for path := range seen {
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return "", "", nil, err
		}
		uses = append(uses, filepath.ToSlash(rel))
	}
	within, err = filepath.Rel(root, dir)
	return root, filepath.ToSlash(within), uses, err
}

// isWithin reports whether a path is dir or below it.
func isWithin(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// referencedPaths lists the existing paths among all scalars of a kustomization, in
// any field.
func referencedPaths(dir string) []string {
	var paths []string
	for _, name := range []string{"kustomization.yaml", "kustomization.yml", "Kustomization"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		var doc yaml.Node
		if yaml.Unmarshal(data, &doc) != nil {
			continue // rendering reports the fault
		}
		for _, text := range scalars(&doc, nil) {
			path := filepath.Join(dir, filepath.FromSlash(text))
			if text != "" && !filepath.IsAbs(text) && len(text) < 1024 && canStat(path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

func canStat(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func scalars(n *yaml.Node, found []string) []string {
	if n.Kind == yaml.ScalarNode {
		return append(found, n.Value)
	}
	for _, child := range n.Content {
		found = scalars(child, found)
	}
	return found
}
