package rights

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// MaskFile returns a copy of a file of the env repo with masked secrets: the values
// that Mask hides in Kubernetes objects, and on every line the values of parameters
// with a name like a secret. Everything else keeps its place.
func (v Visibility) MaskFile(f staging.File) staging.File {
	lines := strings.Split(string(f.Data), "\n")
	scalars, readable := secretScalars(f.Data)
	for _, s := range slices.Backward(scalars) { // masking removes lines below
		lines = s.mask(lines)
	}
	for i, line := range lines {
		lines[i] = v.maskAssignment(line, !readable)
	}
	return staging.File{Path: f.Path, Data: []byte(strings.Join(lines, "\n"))}
}

// assignment matches a line that gives a name a value: KEY: value, or - KEY=value.
var assignment = regexp.MustCompile(`^(\s*(?:- )?"?([A-Za-z0-9_.-]+)"?(?:: |=))\S.*$`)

// maskAssignment masks the value on one line. A parameter of type secret holds a
// reference, which is no secret. With any, a name like a secret is enough.
func (v Visibility) maskAssignment(line string, any bool) string {
	parts := assignment.FindStringSubmatch(line)
	if parts == nil {
		return line
	}
	_, looks := staging.DetectSecret(line)
	parameter, declared := v.Project.Spec.Parameters[parts[2]]
	if looks || (declared || any) && parameter.Type != project.TypeSecret && staging.IsSecretName(parts[2]) {
		return parts[1] + masked
	}
	return line
}

// secretScalar is a YAML value to mask.
type secretScalar struct {
	node   *yaml.Node
	parent *yaml.Node // mapping or sequence
}

// secretScalars finds the secrets in the documents of a file, in their order. It is not
// readable when it is no YAML from some line on.
func secretScalars(data []byte) (found []secretScalar, readable bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); err != nil {
			return found, errors.Is(err, io.EOF)
		}
		for _, root := range doc.Content {
			w := scalarWalk{secretObject: valueOf(root, "kind") == "Secret"}
			w.visit(root, "", false)
			found = append(found, w.found...)
		}
	}
}

// valueOf returns the text of an entry of a mapping, "" where there is none.
func valueOf(mapping *yaml.Node, key string) string {
	if mapping.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			if mapping.Content[i].Value == key {
				return mapping.Content[i+1].Value
			}
		}
	}
	return ""
}

// scalarWalk visits one document, by the rules of findSecrets.
type scalarWalk struct {
	secretObject bool
	found        []secretScalar
}

func (w *scalarWalk) visit(node *yaml.Node, path string, hidden bool) {
	switch node.Kind {
	case yaml.MappingNode:
		named := staging.IsSecretName(valueOf(node, "name"))
		for i := 0; i+1 < len(node.Content); i += 2 {
			key := node.Content[i].Value
			w.value(node.Content[i+1], node, path+"/"+key, hidden || w.hides(path, key) || named && key == "value")
		}
	case yaml.SequenceNode:
		for _, item := range node.Content {
			w.value(item, node, path+"/", hidden)
		}
	}
}

func (w *scalarWalk) value(node, parent *yaml.Node, path string, hidden bool) {
	if node.Kind == yaml.AliasNode && hidden && node.Alias != nil && node.Alias.Kind == yaml.ScalarNode {
		w.found = append(w.found, secretScalar{node.Alias, parent})
		return
	}
	if node.Kind != yaml.ScalarNode {
		w.visit(node, path, hidden)
		return
	}
	if _, looks := staging.DetectSecret(node.Value); (hidden || looks) && node.Value != "" {
		w.found = append(w.found, secretScalar{node, parent})
	}
}

// hides reports whether the entry of a mapping is a secret by its place and name.
func (w *scalarWalk) hides(path, key string) bool {
	switch path {
	case "/data":
		return w.secretObject || staging.IsSecretName(key)
	case "/stringData":
		return w.secretObject
	}
	return false
}

// mask replaces the value by a mask, with all of its lines.
func (s secretScalar) mask(lines []string) []string {
	i := s.node.Line - 1
	line := []rune(lines[i])
	column := min(s.node.Column-1, len(line))
	before, rest := string(line[:column]), string(line[column:])
	if end := s.end(rest); end >= 0 {
		lines[i] = before + masked + rest[end:]
		return lines
	}
	lines[i] = before + masked
	last := i
	for j := i + 1; j < len(lines); j++ {
		text := strings.TrimLeft(lines[j], " ")
		if text != "" && len(lines[j])-len(text) < s.parent.Column {
			break
		}
		if text != "" {
			last = j
		}
	}
	return slices.Delete(lines, i+1, last+1)
}

// end returns where the value ends on its first line, -1 when it may go on below.
func (s secretScalar) end(rest string) int {
	switch flow := s.parent.Style&yaml.FlowStyle != 0; {
	case strings.HasPrefix(rest, `"`), strings.HasPrefix(rest, "'"):
		return quotedEnd(rest)
	case flow:
		return strings.IndexAny(rest, ",}]")
	}
	return -1
}

// quotedEnd returns the index behind the closing quote, -1 when it is on a later line.
func quotedEnd(text string) int {
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && text[0] == '"', text[i] == '\'' && text[0] == '\'' && strings.HasPrefix(text[i+1:], "'"):
			i++
		case text[i] == text[0]:
			return i + 1
		}
	}
	return -1
}
