package render

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// lineOf returns the line of an entry in a YAML file: of the first scalar that equals the
// entry, else of the key of the field; 0 if neither exists.
func lineOf(data []byte, field, entry string) int {
	var doc yaml.Node
	if yaml.Unmarshal(data, &doc) != nil {
		return 0
	}
	if entry != "" {
		if line := findScalar(&doc, entry); line > 0 {
			return line
		}
	}
	return findScalar(&doc, field)
}

func findScalar(n *yaml.Node, text string) int {
	if n.Kind == yaml.ScalarNode && (strings.EqualFold(n.Value, text) || strings.HasSuffix(n.Value, "="+text)) {
		return n.Line
	}
	for _, child := range n.Content {
		if line := findScalar(child, text); line > 0 {
			return line
		}
	}
	return 0
}

// maxExpanded limits the nodes (and units of 64 bytes of text) in a file after the
// expansion of its aliases, which kustomize does not limit.
const maxExpanded = 200_000

// checkAliases rejects a file that is too large after the expansion of its aliases.
func (v *view) checkAliases(name string, data []byte) error {
	if !hasAliases(data) {
		return nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		if decoder.Decode(&doc) != nil {
			return nil // the end, or an error that kustomize reports
		}
		if expandedSize(&doc, map[*yaml.Node]int{}) > maxExpanded {
			return v.reject(staging.Errorf(staging.CodeInvalid, "%s: its aliases expand to more than %d values", name, maxExpanded).
				WithHint("write the values out, or drop the anchors"))
		}
	}
}

func hasAliases(data []byte) bool {
	return bytes.IndexByte(data, '&') >= 0 && bytes.IndexByte(data, '*') >= 0
}

// expandedSize counts the nodes of a tree after the expansion of its aliases, up to
// maxExpanded+1. It also expands text that may be YAML, such as an inline patch.
func expandedSize(n *yaml.Node, known map[*yaml.Node]int) int {
	if count, ok := known[n]; ok {
		return count
	}
	known[n] = maxExpanded + 1 // an alias to its own ancestor is endless
	count := 1 + len(n.Value)/64
	switch {
	case n.Kind == yaml.AliasNode:
		count += expandedSize(n.Alias, known)
	case n.Kind == yaml.ScalarNode && hasAliases([]byte(n.Value)):
		var inner yaml.Node
		if yaml.Unmarshal([]byte(n.Value), &inner) == nil && len(inner.Content) == 1 && inner.Content[0].Kind != yaml.ScalarNode {
			count += expandedSize(&inner, known)
		}
	}
	for _, child := range n.Content {
		if count += expandedSize(child, known); count > maxExpanded {
			count = maxExpanded + 1
			break
		}
	}
	known[n] = min(count, maxExpanded+1)
	return known[n]
}

// shorten shortens an entry for an error: it may be a whole document.
func shorten(text string) string {
	text, _, more := strings.Cut(text, "\n")
	if len(text) > 120 {
		text, more = text[:120], true
	}
	if more {
		text += "…"
	}
	return text
}
