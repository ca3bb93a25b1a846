package adopt

import (
	"bytes"
	"path"
	"slices"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// Secret is a Secret that was left out of an imported base.
type Secret struct {
	File string // that contained it
	Name string
}

// WithoutSecrets removes Secrets with values from an imported base: git would keep them
// forever. It removes documents from manifests, and from kustomizations the
// secretGenerator, patches of Secrets, and files that are then empty. It does not modify
// any other file.
func WithoutSecrets(files []staging.File) (kept []staging.File, left []Secret, err error) {
	s := secrets{names: map[string]bool{}, emptyPaths: map[string]bool{}}
	for _, file := range files {
		s.find(file)
	}
	if len(s.left) == 0 {
		return files, nil, nil
	}
	kept = slices.Clone(files)
	for i, file := range kept {
		if isYAML(file.Path) && !IsKustomization(file.Path) {
			kept[i].Data = s.strip(file.Data)
			s.emptyPaths[file.Path] = s.emptyPaths[file.Path] || emptied(file.Data, kept[i].Data)
		}
	}
	for again := true; again; { // an empty kustomization is removed, and then its directory from other kustomizations
		again = false
		for i := range kept {
			if IsKustomization(kept[i].Path) && !s.emptyPaths[kept[i].Path] {
				if err := s.edit(&kept[i]); err != nil {
					return nil, nil, err
				}
				again = again || s.emptyPaths[kept[i].Path]
			}
		}
	}
	return slices.DeleteFunc(kept, func(f staging.File) bool { return s.emptyPaths[f.Path] }), s.left, nil
}

// secrets holds what must be removed.
type secrets struct {
	left       []Secret
	names      map[string]bool // of Secrets with values
	emptyPaths map[string]bool // files and directories that are empty
}

func (s *secrets) add(file, name string) {
	s.names[name] = true
	if found := (Secret{File: file, Name: name}); !slices.Contains(s.left, found) {
		s.left = append(s.left, found)
	}
}

// find records every Secret with values in a file.
func (s *secrets) find(file staging.File) {
	if !isYAML(file.Path) {
		return
	}
	for _, document := range documents(file.Data) {
		if n := root(document); IsKustomization(file.Path) {
			s.findInKustomization(n, file.Path)
		} else {
			s.findIn(n, file.Path)
		}
	}
}

func (s *secrets) findInKustomization(n *yaml.Node, file string) {
	for _, generator := range items(n, "secretGenerator") {
		s.add(file, text(generator, "name"))
	}
	for _, field := range listsOfTexts {
		for _, item := range items(n, field) {
			if text(item, "target", "kind") == "Secret" {
				s.add(file, text(item, "target", "name"))
			}
			for _, document := range documents([]byte(inline(item).Value)) {
				s.findIn(root(document), file)
			}
		}
	}
}

func (s *secrets) findIn(n *yaml.Node, file string) {
	kind, name := text(n, "kind"), text(n, "metadata", "name")
	if kind == "SecretGenerator" || kind == "Secret" && (filled(n, "data") || filled(n, "stringData")) {
		s.add(file, name)
	}
	for _, item := range items(n, "items") {
		if kind == "SecretList" {
			s.add(file, text(item, "metadata", "name"))
		}
		s.findIn(item, file)
	}
}

// removes reports whether a document is a removed Secret, or a patch of one.
func (s *secrets) removes(n *yaml.Node) bool {
	switch text(n, "kind") {
	case "Secret", "SecretGenerator":
		return s.names[text(n, "metadata", "name")]
	case "SecretList":
		return true
	}
	return false
}

// strip returns YAML without its Secrets.
func (s *secrets) strip(data []byte) []byte {
	var rest []byte
	for _, document := range documents(data) {
		n := root(document)
		switch list := child(n, "items"); {
		case s.removes(n):
			continue
		case list != nil && slices.ContainsFunc(list.Content, s.removes):
			list.Content = slices.DeleteFunc(list.Content, s.removes)
			document, _ = yaml.Marshal(n) // it was parsed from YAML
			document = append([]byte("---\n"), document...)
		}
		rest = append(rest, document...)
	}
	return rest
}

// emptied reports whether removing Secrets left an empty file.
func emptied(before, after []byte) bool {
	return !bytes.Equal(before, after) &&
		!slices.ContainsFunc(documents(after), func(document []byte) bool { return root(document) != nil })
}

// listsOfTexts are the fields of a kustomization whose items are names of files or
// directories, inline YAML, or patches with one of these.
var listsOfTexts = []string{
	"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators",
	"patches", "patchesStrategicMerge", "patchesJson6902",
}

// edit removes Secrets from a kustomization: generators, patches and files.
func (s *secrets) edit(file *staging.File) error {
	n := root(file.Data)
	changed := len(items(n, "secretGenerator")) > 0
	removeKey(n, "secretGenerator")
	for _, field := range listsOfTexts {
		changed = s.editList(n, field, path.Dir(file.Path)) || changed
	}
	if !changed {
		return nil
	}
	if !slices.ContainsFunc(n.Content, func(value *yaml.Node) bool { return value.Kind == yaml.SequenceNode }) {
		s.emptyPaths[file.Path], s.emptyPaths[path.Dir(file.Path)] = true, true
		return nil
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(n)
	file.Data = out.Bytes()
	return err
}

func (s *secrets) editList(n *yaml.Node, field, dir string) (changed bool) {
	list := child(n, field)
	if list == nil {
		return false
	}
	kept := slices.DeleteFunc(slices.Clone(list.Content), func(item *yaml.Node) bool {
		name := item.Value + text(item, "path")
		if text(item, "target", "kind") == "Secret" || name != "" && s.emptyPaths[path.Join(dir, name)] {
			return true
		}
		within := inline(item)
		rest := string(s.strip([]byte(within.Value)))
		gone := emptied([]byte(within.Value), []byte(rest))
		changed = changed || rest != within.Value
		within.Value = rest
		return gone
	})
	changed = changed || len(kept) < len(list.Content)
	if list.Content = kept; len(kept) == 0 && changed {
		removeKey(n, field)
	}
	return changed
}

// inline returns the node of an item of a kustomization that may be inline YAML; an empty
// node if there is none.
func inline(item *yaml.Node) *yaml.Node {
	if patch := child(item, "patch"); patch != nil {
		return patch
	}
	if item.Kind == yaml.ScalarNode {
		return item
	}
	return &yaml.Node{}
}

// items returns the entries of a list in a mapping.
func items(n *yaml.Node, key string) []*yaml.Node {
	if list := child(n, key); list != nil && list.Kind == yaml.SequenceNode {
		return list.Content
	}
	return nil
}

func filled(n *yaml.Node, key string) bool {
	value := child(n, key)
	return value != nil && (len(value.Content) > 0 || value.Kind == yaml.ScalarNode && value.ShortTag() != "!!null")
}

func removeKey(n *yaml.Node, key string) {
	for i := 0; n != nil && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}
