package strictyaml

import (
	"bytes"
	"encoding"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// Encode encodes v as YAML with two spaces, fields in the order of the struct, and
// sorted map keys. Equal values have equal encodings, and Decode decodes them. It
// rejects text that is not UTF-8.
//
// Encode builds the tree itself: the encoder of yaml.v3 loses a leading line break and
// writes << without quotes.
func Encode(v any) ([]byte, error) {
	var b builder
	root := b.node(reflect.ValueOf(v), "")
	if len(b.problems) > 0 {
		return nil, staging.Invalid("cannot be encoded as YAML", b.problems)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return out.Bytes(), nil
}

// builder converts Go values to a YAML tree and collects the problems.
type builder struct {
	problems []staging.Problem
}

func (b *builder) reject(path, format string, args ...any) *yaml.Node {
	b.problems = append(b.problems, staging.Problem{Field: path, Message: fmt.Sprintf(format, args...)})
	return &yaml.Node{Kind: yaml.ScalarNode}
}

func (b *builder) node(v reflect.Value, path string) *yaml.Node {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	if !v.IsValid() {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "null"}
	}
	if at, ok := v.Interface().(time.Time); ok {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: at.Format(time.RFC3339Nano)}
	}
	if m, ok := v.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		if err != nil {
			return b.reject(path, "%s", err)
		}
		return b.text(string(text), path)
	}
	switch v.Kind() {
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		b.fields(n, v, path)
		return n
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		b.entries(n, v, path)
		return n
	case reflect.Slice, reflect.Array:
		return b.list(v, path)
	case reflect.String:
		return b.text(v.String(), path)
	}
	n := &yaml.Node{}
	if err := n.Encode(v.Interface()); err != nil {
		return b.reject(path, "%s", err)
	}
	return n
}

func (b *builder) fields(n *yaml.Node, v reflect.Value, path string) {
	t := v.Type()
	for i := range t.NumField() {
		field := t.Field(i)
		tag := tagOf(field)
		switch {
		case tag.name == "":
		case tag.inline && field.Type.Kind() == reflect.Map:
			b.entries(n, v.Field(i), path)
		case tag.inline:
			b.fields(n, v.Field(i), path)
		case tag.omitEmpty && isEmpty(v.Field(i)):
		default:
			at := join(path, tag.name)
			n.Content = append(n.Content, b.text(tag.name, at), b.node(v.Field(i), at))
		}
	}
}

func (b *builder) entries(n *yaml.Node, v reflect.Value, path string) {
	if v.Type().Key().Kind() != reflect.String {
		b.reject(path, "has keys that are not text")
		return
	}
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	for _, key := range keys {
		at := join(path, key.String())
		n.Content = append(n.Content, b.text(key.String(), at), b.node(v.MapIndex(key), at))
	}
}

func (b *builder) list(v reflect.Value, path string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range v.Len() {
		n.Content = append(n.Content, b.node(v.Index(i), index(path, i)))
	}
	return n
}

// text quotes text that Decode, or a YAML 1.1 tool, would not decode as this text.
func (b *builder) text(s, path string) *yaml.Node {
	if !utf8.ValidString(s) {
		return b.reject(path, "is not UTF-8 text")
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Value: s}
	switch {
	case strings.Contains(s, "\n") && block(s):
		n.Style = yaml.LiteralStyle
	case strings.Contains(s, "\n"), n.ShortTag() != "!!str", notText(n) != "":
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// block reports whether a literal block, the readable form of several lines, preserves
// the text: it begins with a visible character, no line ends in a space, it ends in at
// most one line break, and all characters are printable.
func block(s string) bool {
	if s[0] == ' ' || s[0] == '\n' || strings.HasSuffix(s, "\n\n") {
		return false
	}
	if strings.Contains(s, " \n") || strings.HasSuffix(s, " ") {
		return false
	}
	for _, r := range s {
		if r != '\n' && !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isEmpty reports whether omitempty omits a value, as in yaml.v3.
func isEmpty(v reflect.Value) bool {
	if z, ok := v.Interface().(yaml.IsZeroer); ok && (v.Kind() != reflect.Pointer || !v.IsNil()) {
		return z.IsZero()
	}
	switch v.Kind() {
	case reflect.Map, reflect.Slice:
		return v.Len() == 0
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !isEmpty(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}
