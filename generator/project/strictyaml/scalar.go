package strictyaml

import (
	"encoding"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"
)

// quoted are the styles in which every scalar is text.
const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// oldBool and base60 match values that are text in YAML 1.2, and a boolean or a number
// in YAML 1.1, which Argo CD and kubectl use.
var (
	oldBool = map[string]bool{
		"y": true, "Y": true, "yes": true, "Yes": true, "YES": true, "on": true, "On": true, "ON": true,
		"n": true, "N": true, "no": true, "No": true, "NO": true, "off": true, "Off": true, "OFF": true,
	}
	base60 = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
)

// describe returns the kind of a node.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.ShortTag() {
	case "!!int":
		return "a number"
	case "!!float":
		return "a decimal number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "empty"
	}
	return "text"
}

// scalar checks a node against the type of a single value.
func (w *walker) scalar(n *yaml.Node, t reflect.Type, path string) {
	switch t.Kind() {
	case reflect.String:
		if why := notText(n); why != "" {
			w.add(n, path, "%s", why)
		}
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			w.add(n, path, "is %s, must be true or false", describe(n))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if why := notInteger(n, t.Bits()); why != "" {
			w.add(n, path, "%s", why)
		}
	case reflect.Interface:
		if why := notValue(n); why != "" {
			w.add(n, path, "%s", why)
		}
	}
}

// notText returns why a node is not text; "" if it is.
func notText(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return "is " + describe(n) + ", must be text"
	}
	if n.Style&quoted != 0 {
		return ""
	}
	value := clip(n.Value)
	switch tag := n.ShortTag(); {
	case tag == "!!int", tag == "!!float":
		return value + " reads as a number, must be text: write it in quotes"
	case tag == "!!bool":
		return value + " reads as a boolean, must be text: write it in quotes"
	case tag == "!!null":
		return "is empty, must be text"
	case n.Value == "<<":
		return value + " reads as a merge key, must be text: write it in quotes"
	case oldBool[n.Value]:
		return value + " reads as a boolean in Kubernetes tools, must be text: write it in quotes"
	case base60.MatchString(n.Value):
		return value + " reads as a number in Kubernetes tools, must be text: write it in quotes"
	}
	return ""
}

// notInteger returns why a node is not a whole number of at most bits; "" if it is. Only
// the plain decimal form is valid: 0755 and 1_000 are different numbers in different
// tools.
func notInteger(n *yaml.Node, bits int) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "is " + describe(n) + ", must be a whole number"
	case n.Style&quoted != 0:
		if _, err := strconv.ParseInt(n.Value, 10, bits); err == nil {
			return "is text, must be a whole number: remove the quotes"
		}
		return "is text, must be a whole number"
	case n.ShortTag() != "!!int" && !decimal(n.Value):
		return "is " + describe(n) + ", must be a whole number"
	case !decimal(n.Value):
		return clip(n.Value) + " has different meanings in different tools: write the number in plain decimal digits, or text in quotes"
	}
	if _, err := strconv.ParseInt(n.Value, 10, bits); err != nil {
		return clip(n.Value) + " is out of range"
	}
	return ""
}

// decimal reports whether s is an integer in its only plain form.
func decimal(s string) bool {
	if len(s) > 1 && s[0] == '-' {
		s = s[1:]
	}
	if s == "" || len(s) > 1 && s[0] == '0' {
		return false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// notValue returns why a node cannot be the value of an override or a default: text, a
// whole number, true, false or null. It converts a date to text.
func notValue(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return "is " + describe(n) + ", must be text, a whole number, true, false or null"
	case n.Style&quoted != 0:
		return ""
	}
	switch n.ShortTag() {
	case "!!bool":
		return ""
	case "!!int":
		return notInteger(n, strconv.IntSize)
	case "!!float":
		if decimal(n.Value) { // an integer that is too large for any type
			return clip(n.Value) + " is out of range"
		}
		return clip(n.Value) + " reads as a decimal number, which may lose digits: write it in quotes"
	case "!!timestamp":
		n.Tag = "!!str"
		return ""
	}
	return notText(n)
}

// marshaled checks a node against a type with UnmarshalText.
func (w *walker) marshaled(n *yaml.Node, t reflect.Type, path string) {
	switch {
	case n.Kind != yaml.ScalarNode:
		w.add(n, path, "is %s, must be text", describe(n))
	case t == timeType:
		if _, err := time.Parse(time.RFC3339, n.Value); err != nil {
			w.add(n, path, "%q is not a time: write it like 2026-12-01T00:00:00Z", clip(n.Value))
		}
	default:
		value := reflect.New(t).Interface().(encoding.TextUnmarshaler)
		if err := value.UnmarshalText([]byte(n.Value)); err != nil {
			w.add(n, path, "%s", clip(err.Error()))
			return
		}
		n.Tag = "!!str" // yaml.v3 calls UnmarshalText for text only
	}
}
