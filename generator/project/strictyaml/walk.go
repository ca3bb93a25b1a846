package strictyaml

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

var (
	textType = reflect.TypeFor[encoding.TextUnmarshaler]()
	timeType = reflect.TypeFor[time.Time]()
)

// walker compares a parsed document with a Go type and collects the problems.
type walker struct {
	problems []staging.Problem
	faulty   map[*yaml.Node]bool // faulty nodes, for DecodeValid; else nil
}

func (w *walker) full() bool { return len(w.problems) >= maxProblems }

func (w *walker) add(n *yaml.Node, path, format string, args ...any) {
	if w.faulty != nil {
		w.faulty[n] = true
	}
	switch {
	case len(w.problems) < maxProblems-1:
		w.problems = append(w.problems, staging.Problem{Line: n.Line, Field: path, Message: fmt.Sprintf(format, args...)})
	case !w.full():
		w.problems = append(w.problems, staging.Problem{Line: n.Line, Message: "has more problems below: fix these first"})
	}
}

// value checks one node against its Go type.
func (w *walker) value(n *yaml.Node, t reflect.Type, path string) {
	if w.full() || !w.plainYAML(n, path) {
		return
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return
	}
	switch {
	case t == freeType:
		w.free(n, path)
	case t == timeType || reflect.PointerTo(t).Implements(textType):
		w.marshaled(n, t, path)
	case t.Kind() == reflect.Struct:
		w.structure(n, t, path)
	case t.Kind() == reflect.Map:
		w.mapping(n, t, path)
	case t.Kind() == reflect.Slice:
		w.list(n, t, path)
	default:
		w.scalar(n, t, path)
	}
}

// plainYAML rejects the features of YAML that no file needs.
func (w *walker) plainYAML(n *yaml.Node, path string) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		w.add(n, path, "is an alias (*%s), which is not supported: write the value out", clip(n.Value))
	case n.Anchor != "":
		w.add(n, path, "has an anchor (&%s), which is not supported: write the value out where it is used", clip(n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		w.add(n, path, "has a tag (%s), which is not supported: remove it, and put text in quotes", clip(n.Tag))
	default:
		return true
	}
	return false
}

func (w *walker) structure(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		w.add(n, path, "is %s, must be a map with the fields %s", describe(n), strings.Join(fieldsOf(t).names, ", "))
		return
	}
	fields := fieldsOf(t)
	w.entries(n, path, func(key, value *yaml.Node, path string) {
		switch field, ok := fields.types[key.Value]; {
		case ok:
			w.value(value, field, path)
		case fields.rest != nil:
			w.value(value, fields.rest, path)
		default:
			w.add(key, path, "%s", unknownField(key.Value, fields.names))
		}
	})
}

func unknownField(name string, known []string) string {
	message := "is an unknown field; "
	if near := Closest(name, known); near != "" {
		message += "did you mean " + near + "? "
	}
	return message + "There are: " + strings.Join(known, ", ")
}

func (w *walker) mapping(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		w.add(n, path, "is %s, must be a map", describe(n))
		return
	}
	w.entries(n, path, func(key, value *yaml.Node, path string) {
		if why := notText(key); why != "" {
			w.add(key, path, "the key %s", why)
			return
		}
		w.value(value, t.Elem(), path)
	})
}

// entries visits the pairs of a mapping. It rejects keys that are not text, and repeated
// keys.
func (w *walker) entries(n *yaml.Node, path string, visit func(key, value *yaml.Node, path string)) {
	if len(n.Content)/2 > maxEntries {
		w.add(n, path, "has %d entries; the maximum is %d", len(n.Content)/2, maxEntries)
		return
	}
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content) && !w.full(); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		switch {
		case !w.plainYAML(key, path):
		case key.Kind != yaml.ScalarNode:
			w.add(key, path, "has a key that is %s, must be text", describe(key))
		case key.ShortTag() == "!!merge":
			w.add(key, path, "has a merge key (<<), which is not supported: write the values out")
		case seen[key.Value] > 0:
			w.add(key, at, "is set twice, first on line %d: remove one", seen[key.Value])
		default:
			seen[key.Value] = key.Line
			visit(key, value, at)
		}
	}
}

func (w *walker) list(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.SequenceNode {
		w.add(n, path, "is %s, must be a list: write each item on its own line after a dash", describe(n))
		return
	}
	for i, item := range n.Content {
		if w.full() {
			return
		}
		w.value(item, t.Elem(), index(path, i))
	}
}

// join and index build the dotted paths of problems and Lines.
func join(path, name string) string {
	if path == "" {
		return clip(name)
	}
	return path + "." + clip(name)
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// clip truncates a long name.
func clip(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && s[cut]&0xC0 == 0x80 { // never inside a UTF-8 sequence
		cut--
	}
	return s[:cut] + "…"
}
