package adopt

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// kustomizationNames are the file names of a kustomization.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// IsKustomization reports whether a file is a kustomization.
func IsKustomization(name string) bool { return slices.Contains(kustomizationNames, path.Base(name)) }

// IsBase reports whether a file is a kustomization that kustomize can build, as opposed
// to a component.
func IsBase(file staging.File) bool {
	return IsKustomization(file.Path) && text(root(file.Data), "kind") != "Component"
}

// isYAML reports whether a file is YAML or JSON, by its name.
func isYAML(name string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) || IsKustomization(name)
}

// documents splits YAML at the lines that begin with three dashes, which always
// separate documents. The documents together are the same text.
func documents(text []byte) [][]byte {
	var docs [][]byte
	from := 0
	for at := 0; at < len(text); {
		line, _, _ := bytes.Cut(text[at:], []byte("\n"))
		if at > from && bytes.HasPrefix(line, []byte("---")) {
			docs, from = append(docs, text[from:at]), at
		}
		at += len(line) + 1
	}
	return append(docs, text[from:])
}

// root parses one document; nil if it is empty or not YAML.
func root(document []byte) *yaml.Node {
	var doc yaml.Node
	if yaml.Unmarshal(document, &doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// child returns the value at a path of keys; nil if it does not exist.
func child(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n = valueOf(n, key); n == nil {
			return nil
		}
	}
	return n
}

func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// text returns the scalar at a path of keys; "" if there is none.
func text(n *yaml.Node, keys ...string) string {
	if n = child(n, keys...); n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

// ContainsObjects reports whether a file contains Kubernetes objects. Invalid YAML
// counts, so that rendering reports the error.
func ContainsObjects(file staging.File) bool {
	if !isYAML(file.Path) {
		return false
	}
	for _, document := range documents(file.Data) {
		var any yaml.Node
		n := root(document)
		if text(n, "kind") != "" && text(n, "apiVersion") != "" || yaml.Unmarshal(document, &any) != nil {
			return true
		}
	}
	return false
}

// ReachableFiles returns the files that a build of a kustomization can read: the files in
// it, and the files in these files. Any text that is the name of a file counts, which is
// harmless.
func ReachableFiles(files []staging.File, dir string) []staging.File {
	u := usage{files: map[string][]byte{}, used: map[string]bool{}}
	for _, file := range files {
		u.files[file.Path] = file.Data
	}
	u.path(dir)
	return slices.DeleteFunc(slices.Clone(files), func(f staging.File) bool { return !u.used[f.Path] })
}

type usage struct {
	files map[string][]byte
	used  map[string]bool
}

// path marks a file, or the kustomization of a directory, and the files that it references.
func (u usage) path(name string) {
	for _, file := range kustomizationNames {
		if file = path.Join(name, file); u.files[file] != nil && !u.used[file] {
			u.used[file] = true
			u.named(u.files[file], path.Dir(file))
		}
	}
	data, ok := u.files[name]
	if !ok || u.used[name] {
		return
	}
	u.used[name] = true
	if isYAML(name) {
		u.named(data, path.Dir(name))
	}
}

// named marks the files that scalars of a YAML text reference, relative to a directory.
func (u usage) named(data []byte, dir string) {
	for _, document := range documents(data) {
		for _, word := range scalars(root(document), nil) {
			if strings.Contains(word, "\n") { // a file within the file
				u.named([]byte(word), dir)
				continue
			}
			u.path(path.Join(dir, word))
			if _, file, ok := strings.Cut(word, "="); ok {
				u.path(path.Join(dir, file))
			}
		}
	}
}

func scalars(n *yaml.Node, found []string) []string {
	if n == nil {
		return found
	}
	if n.Kind == yaml.ScalarNode && n.Value != "" {
		found = append(found, n.Value)
	}
	for _, child := range n.Content {
		found = scalars(child, found)
	}
	return found
}
