package strictyaml

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// DecodeValid reads what can be read of a file that Decode refuses: a field at
// fault counts as absent, and so does an entry of a list or map, which keeps
// its place. It tells whether there was anything to read.
func DecodeValid(data []byte, into any) bool {
	doc, problem := parse(data)
	if problem != nil {
		return false
	}
	w := walker{faulty: map[*yaml.Node]bool{}}
	w.value(doc.Content[0], reflect.TypeOf(into), "")
	if w.full() || w.faulty[doc.Content[0]] {
		return false
	}
	w.clear(doc.Content[0])
	return doc.Decode(into) == nil
}

// clear takes every node at fault out of a document.
func (w *walker) clear(n *yaml.Node) {
	var kept []*yaml.Node
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && (w.faulty[n.Content[i-i%2]]) {
			continue // an unknown or repeated key goes with its value
		}
		if w.faulty[child] {
			child = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		}
		w.clear(child)
		kept = append(kept, child)
	}
	n.Content = kept
}
