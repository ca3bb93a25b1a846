package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// schemas are the named schemas of an OpenAPI document or a JSON Schema. The corpus
// compares neither their names, which are Go types, nor their descriptions.
type schemas map[string]any

// openAPIOf lists the paths and schemas of an OpenAPI document, one per line.
func openAPIOf(t testing.TB, document []byte) string {
	t.Helper()
	var api struct {
		Paths      map[string]any
		Components struct{ Schemas schemas }
	}
	if err := json.Unmarshal(document, &api); err != nil {
		t.Fatal(err)
	}
	lines := api.Components.Schemas.shapes()
	for path, operations := range api.Paths {
		lines = append(lines, "path "+path+" "+api.Components.Schemas.shape(operations))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// extendsSchema reports whether a JSON Schema accepts every file that an earlier one
// accepts: it has the same fields with the same rules, and perhaps more fields.
func extendsSchema(before, after string) bool {
	var a, b map[string]any
	if json.Unmarshal([]byte(before), &a) != nil || json.Unmarshal([]byte(after), &b) != nil {
		return false
	}
	defsA, _ := a["$defs"].(map[string]any)
	defsB, _ := b["$defs"].(map[string]any)
	delete(a, "$defs")
	delete(b, "$defs")
	return extends("", a, b, defsA, defsB)
}

// extends compares the values of one key, with references resolved and without
// descriptions.
func extends(key string, before, after any, defsA, defsB schemas) bool {
	switch a := resolved(before, defsA).(type) {
	case map[string]any:
		b, ok := resolved(after, defsB).(map[string]any)
		for name, value := range a {
			if name != "description" && (!ok || !extends(name, value, b[name], defsA, defsB)) {
				return false
			}
		}
		for name := range b {
			if _, known := a[name]; !known && name != "description" && key != "properties" {
				return false
			}
		}
		return ok
	case []any:
		b, ok := after.([]any)
		if key == "required" { // a field may become optional
			return ok && !slices.ContainsFunc(b, func(x any) bool { return !slices.Contains(a, x) })
		}
		if key == "enum" { // a field may accept more values
			return ok && !slices.ContainsFunc(a, func(x any) bool { return !slices.Contains(b, x) })
		}
		return ok && slices.EqualFunc(a, b, func(x, y any) bool { return extends("", x, y, defsA, defsB) })
	default:
		return a == after
	}
}

// resolved returns the schema that a value refers to, or the value.
func resolved(value any, defs schemas) any {
	if v, isMap := value.(map[string]any); isMap {
		if ref, isRef := v["$ref"].(string); isRef {
			return defs[ref[strings.LastIndex(ref, "/")+1:]]
		}
	}
	return value
}

func (s schemas) shapes() []string {
	var lines []string
	for _, schema := range s {
		lines = append(lines, "schema "+s.shape(schema))
	}
	return lines
}

func (s schemas) shape(value any) string {
	text, _ := json.Marshal(s.unnamed(value)) // a value decoded from JSON always marshals
	return string(text)
}

// unnamed removes every description and summary, and replaces the name of a schema with
// the fields of the schema.
func (s schemas) unnamed(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, member := range v {
			text, isText := member.(string)
			switch {
			case isText && (key == "description" || key == "summary"):
			case isText && key == "$ref":
				kept[key] = s.fields(text)
			default:
				kept[key] = s.unnamed(member)
			}
		}
		return kept
	case []any:
		var kept []any
		for _, member := range v {
			kept = append(kept, s.unnamed(member))
		}
		return kept
	}
	return value
}

// fields lists the fields of a referenced schema.
func (s schemas) fields(ref string) string {
	schema, _ := s[ref[strings.LastIndex(ref, "/")+1:]].(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	return strings.Join(sortedKeys(properties), ",")
}
