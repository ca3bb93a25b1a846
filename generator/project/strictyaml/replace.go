package strictyaml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Replace replaces the text of the scalar at a dotted path and keeps every other byte:
// comments, order, quotes. The scalar must be on one line.
func Replace(data []byte, path, value string) ([]byte, error) {
	doc, problem := parse(data)
	if problem != nil {
		return nil, fmt.Errorf("%s", problem.Message)
	}
	n := find(doc.Content[0], path)
	if n == nil || n.Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("there is no text at %s", path)
	}
	old, next := n.Value, value
	for style, quote := range map[yaml.Style]string{yaml.DoubleQuotedStyle: `"`, yaml.SingleQuotedStyle: `'`} {
		if n.Style&style != 0 {
			old, next = quote+old+quote, quote+value+quote
		}
	}
	at := offset(data, n.Line, n.Column)
	if old == "" || !bytes.HasPrefix(data[at:], []byte(old)) || strings.ContainsAny(value, "\"'\\\n") {
		return nil, fmt.Errorf("line %d: %s is not plain text on one line", n.Line, path)
	}
	changed := append(append(append([]byte(nil), data[:at]...), next...), data[at+len(old):]...)
	return changed, nil
}

// find returns the value at a dotted path. Keys contain no dots.
func find(n *yaml.Node, path string) *yaml.Node {
	for key := range strings.SplitSeq(path, ".") {
		var value *yaml.Node
		for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				value = n.Content[i+1]
			}
		}
		if value == nil {
			return nil
		}
		n = value
	}
	return n
}

// offset returns the byte offset of a line and a column. Both count from 1, and columns
// count characters.
func offset(data []byte, line, column int) int {
	at := 0
	for ; line > 1; line-- {
		at += bytes.IndexByte(data[at:], '\n') + 1
	}
	for ; column > 1 && at < len(data); column-- {
		_, size := utf8.DecodeRune(data[at:])
		at += size
	}
	return at
}
