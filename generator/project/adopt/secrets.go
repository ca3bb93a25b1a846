package adopt

import (
	"bytes"
	"path"
	"slices"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// Secret is one that was left out of a copy.
type Secret struct {
	File string // that held it
	Name string
}

// WithoutSecrets leaves Secrets with values out of a copied base: git would
// keep them for ever. Manifests lose the documents, kustomizations their
// secretGenerator, their patches of Secrets and the names of files of which
// nothing is left. Every other file stays byte for byte.
func WithoutSecrets(files []staging.File) (kept []staging.File, left []Secret, err error) {
	s := secrets{names: map[string]bool{}, gone: map[string]bool{}}
	for _, file := range files {
		s.find(file)
	}
	if len(s.left) == 0 {
		return files, nil, nil
	}
	kept = slices.Clone(files)
	for i, file := range kept {
		if isYAML(file.Path) && !IsKustomization(file.Path) {
			kept[i].Data = s.take(file.Data)
			s.gone[file.Path] = s.gone[file.Path] || emptied(file.Data, kept[i].Data)
		}
	}
	for again := true; again; { // a kustomization of Secrets alone goes, and then the name of its directory
		again = false
		for i := range kept {
			if IsKustomization(kept[i].Path) && !s.gone[kept[i].Path] {
				if err := s.edit(&kept[i]); err != nil {
					return nil, nil, err
				}
				again = again || s.gone[kept[i].Path]
			}
		}
	}
	return slices.DeleteFunc(kept, func(f staging.File) bool { return s.gone[f.Path] }), s.left, nil
}

// secrets knows what has to go.
type secrets struct {
	left  []Secret
	names map[string]bool // of Secrets with values
	gone  map[string]bool // files, and directories, of which nothing is left
}

func (s *secrets) add(file, name string) {
	s.names[name] = true
	if found := (Secret{File: file, Name: name}); !slices.Contains(s.left, found) {
		s.left = append(s.left, found)
	}
}

// find notes every Secret with values in a file.
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

// goes tells whether a document is, or patches, a Secret that is left out.
func (s *secrets) goes(n *yaml.Node) bool {
	switch text(n, "kind") {
	case "Secret", "SecretGenerator":
		return s.names[text(n, "metadata", "name")]
	case "SecretList":
		return true
	}
	return false
}

// take gives YAML without the Secrets in it.
func (s *secrets) take(data []byte) []byte {
	var rest []byte
	for _, document := range documents(data) {
		n := root(document)
		switch list := child(n, "items"); {
		case s.goes(n):
			continue
		case list != nil && slices.ContainsFunc(list.Content, s.goes):
			list.Content = slices.DeleteFunc(list.Content, s.goes)
			document, _ = yaml.Marshal(n) // it was parsed from YAML
			document = append([]byte("---\n"), document...)
		}
		rest = append(rest, document...)
	}
	return rest
}

// emptied tells whether taking away left nothing of a file.
func emptied(before, after []byte) bool {
	return !bytes.Equal(before, after) &&
		!slices.ContainsFunc(documents(after), func(document []byte) bool { return root(document) != nil })
}

// listsOfTexts are the fields of a kustomization whose items are names of
// files or directories, YAML within the YAML, or patches with one of both.
var listsOfTexts = []string{
	"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators",
	"patches", "patchesStrategicMerge", "patchesJson6902",
}

// edit takes out of a kustomization what makes, patches or names a Secret.
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
		s.gone[file.Path], s.gone[path.Dir(file.Path)] = true, true
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
		if text(item, "target", "kind") == "Secret" || name != "" && s.gone[path.Join(dir, name)] {
			return true
		}
		within := inline(item)
		rest := string(s.take([]byte(within.Value)))
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

// inline is where an item of a kustomization holds YAML; an empty node when it
// holds none.
func inline(item *yaml.Node) *yaml.Node {
	if patch := child(item, "patch"); patch != nil {
		return patch
	}
	if item.Kind == yaml.ScalarNode {
		return item
	}
	return &yaml.Node{}
}

// items are the entries of a list in a mapping.
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
