package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// Canonical JSON has sorted keys, no insignificant space, and one spelling for
// every number and string, whichever engine it comes from.

// appendValue appends a value that encoding/json decoded with UseNumber.
func appendValue(b []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, value), nil
	case string:
		return appendString(b, value), nil
	case json.Number:
		return appendNumber(b, value)
	case []any:
		return appendArray(b, value)
	case map[string]any:
		return appendObject(b, value)
	}
	return nil, fmt.Errorf("a %T is not valid in a manifest", value)
}

func appendArray(b []byte, items []any) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, item); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, fields map[string]any) ([]byte, error) {
	b = append(b, '{')
	var err error
	for i, key := range sortedKeys(fields) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, key), ':')
		if b, err = appendValue(b, fields[key]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendNumber formats a number as encoding/json does: jsonnet writes
// 0.10000000000000001 where YAML has 0.1.
func appendNumber(b []byte, number json.Number) ([]byte, error) {
	if i, err := strconv.ParseInt(string(number), 10, 64); err == nil {
		return strconv.AppendInt(b, i, 10), nil
	}
	if u, err := strconv.ParseUint(string(number), 10, 64); err == nil {
		return strconv.AppendUint(b, u, 10), nil
	}
	f, err := number.Float64()
	if err != nil {
		return nil, err
	}
	return appendFloat(b, f)
}

func appendFloat(b []byte, f float64) ([]byte, error) {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.AppendInt(b, int64(f), 10), nil
	}
	text, err := json.Marshal(f)
	return append(b, text...), err
}

// appendNode appends a kustomize object. The result equals that of kustomize's
// MarshalJSON, which is slower because it formats YAML text first.
func appendNode(b []byte, n *kyaml.Node) ([]byte, error) {
	switch n.Kind {
	case kyaml.DocumentNode:
		return appendNode(b, n.Content[0])
	case kyaml.MappingNode:
		return appendMapping(b, n)
	case kyaml.SequenceNode:
		return appendSequence(b, n)
	case kyaml.AliasNode:
		return appendNode(b, n.Alias)
	}
	return appendScalar(b, n)
}

func appendSequence(b []byte, n *kyaml.Node) ([]byte, error) {
	b = append(b, '[')
	var err error
	for i, item := range n.Content {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendNode(b, item); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendMapping(b []byte, n *kyaml.Node) ([]byte, error) {
	order := make([]int, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		order = append(order, i)
	}
	slices.SortFunc(order, func(i, j int) int { return compareKeys(n.Content[i], n.Content[j]) })
	b = append(b, '{')
	var err error
	for at, i := range order {
		key := n.Content[i]
		if at > 0 {
			if compareKeys(n.Content[order[at-1]], key) == 0 {
				return nil, fmt.Errorf("line %d: key %q is duplicated", key.Line, key.Value)
			}
			b = append(b, ',')
		}
		b = append(appendString(b, key.Value), ':')
		if b, err = appendNode(b, n.Content[i+1]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func compareKeys(a, b *kyaml.Node) int {
	switch {
	case a.Value < b.Value:
		return -1
	case a.Value > b.Value:
		return 1
	}
	return 0
}

func appendScalar(b []byte, n *kyaml.Node) ([]byte, error) {
	switch tag := n.ShortTag(); {
	case tag == kyaml.NodeTagString, n.Tag == "" && n.Value == "": // YAML writes an untagged empty node, which a replacement creates, as ""
		return appendString(b, n.Value), nil
	case tag == kyaml.NodeTagNull:
		return append(b, "null"...), nil
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case int:
		return strconv.AppendInt(b, int64(value), 10), nil
	case float64:
		return appendFloat(b, value)
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

const hexDigits = "0123456789abcdef"

// appendString quotes like encoding/json, but leaves <, > and & alone.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
				i++
				continue
			}
			b = appendEscape(append(b, s[start:i]...), c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[start:i]...), "\ufffd"...)
			start = i + size
		case r == '\u2028' || r == '\u2029': // line ends in JavaScript
			b = append(append(b, s[start:i]...), `\u202`...)
			b = append(b, hexDigits[r&0xf])
			start = i + size
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
