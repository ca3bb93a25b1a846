package strictyaml

import (
	"reflect"

	"gopkg.in/yaml.v3"
)

// DecodeValid decodes the valid fields of a file that Decode rejects. An invalid field
// counts as absent, and so does an invalid entry of a list or map; a list keeps its
// length. It reports whether it decoded anything.
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

// clear removes every faulty node from a document.
func (w *walker) clear(n *yaml.Node) {
	var kept []*yaml.Node
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && (w.faulty[n.Content[i-i%2]]) {
			continue // the value of an unknown or repeated key
		}
		if w.faulty[child] {
			child = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
		}
		w.clear(child)
		kept = append(kept, child)
	}
	n.Content = kept
}
