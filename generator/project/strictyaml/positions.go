package strictyaml

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// Positions maps every field of a file, by dotted path, to its line:
// spec.services.backend.image, spec.links[0].url.
type Positions map[string]int

// Lines returns the line of every field of a file. Invalid YAML has none.
func Lines(data []byte) Positions {
	positions := Positions{}
	if doc, problem := parse(data); problem == nil {
		positions.walk(doc.Content[0], "", 0)
	}
	return positions
}

// Line returns the line of a field. A missing field has the line of its nearest parent,
// where somebody would add it, or 0.
func (p Positions) Line(field string) int {
	for field != "" {
		if line, ok := p[field]; ok {
			return line
		}
		field = field[:max(0, strings.LastIndexAny(field, ".["))]
	}
	return 0
}

func (p Positions) walk(n *yaml.Node, path string, depth int) {
	const deepest = 32 // no field is deeper; bounds the length of paths
	if depth > deepest {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			at := join(path, n.Content[i].Value)
			if _, ok := p[at]; !ok {
				p[at] = n.Content[i].Line
			}
			p.walk(n.Content[i+1], at, depth+1)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			at := index(path, i)
			p[at] = item.Line
			p.walk(item, at, depth+1)
		}
	}
}
