package strictyaml

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

// Document is one document of a YAML file: kind and name of the Kubernetes object in it,
// and the line of each field.
type Document struct {
	Kind, Name string
	Lines      Positions
}

// Documents parses the documents of a file, up to the first one that is not valid YAML.
func Documents(data []byte) []Document {
	var all []Document
	for decoder := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var node yaml.Node
		if decoder.Decode(&node) != nil || len(node.Content) == 0 {
			return all
		}
		var named struct {
			Kind     string
			Metadata struct{ Name string }
		}
		_ = node.Decode(&named) // a document without an object has no name
		d := Document{Kind: named.Kind, Name: named.Metadata.Name, Lines: Positions{}}
		d.Lines.walk(node.Content[0], "", 0)
		all = append(all, d)
	}
}
