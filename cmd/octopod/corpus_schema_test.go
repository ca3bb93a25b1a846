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

// sameSchema compares two JSON Schemas.
func sameSchema(a, b string) bool { return jsonSchemaOf(a) == jsonSchemaOf(b) }

func jsonSchemaOf(text string) string {
	var document map[string]any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return err.Error()
	}
	named, _ := document["$defs"].(map[string]any)
	delete(document, "$defs")
	lines := append(schemas(named).shapes(), schemas(named).shape(document))
	slices.Sort(lines)
	return strings.Join(lines, "\n")
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
