package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"

	"octopod/generator/project"
	"octopod/generator/project/schema"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

var update = flag.Bool("update", false, "write the schemas anew")

func TestSchemasAreUpToDate(t *testing.T) {
	for _, tt := range []struct {
		file, title, kind, apiVersion string
		of                            any
		embedded                      []byte
	}{
		{"octopod.schema.json", "octopod.yaml", project.Kind, project.APIVersion, project.Project{}, schema.Project()},
		{"staging.schema.json", "staging.yaml", staging.Kind, staging.APIVersion, staging.Document{}, schema.Staging()},
	} {
		want := generate(t, tt.of, tt.title, tt.kind, tt.apiVersion)
		if *update {
			if err := os.WriteFile(tt.file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(want), string(tt.embedded)); diff != "" {
			t.Errorf("%s is out of date, run go test ./generator/project/schema -update:\n%s", tt.file, diff)
		}
	}
}

// generate returns the schema of a Go type with its comments as descriptions.
func generate(t *testing.T, of any, title, kind, apiVersion string) []byte {
	t.Helper()
	r := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, FieldNameTag: "yaml", Mapper: special}
	for _, dir := range []string{"../../staging", "../../project"} {
		if err := r.AddGoComments("octopod/generator/project/schema", dir); err != nil {
			t.Fatal(err)
		}
	}
	for field, text := range plain {
		if r.CommentMap["octopod/generator/"+field] == "" {
			r.CommentMap["octopod/generator/"+field] = text
		}
	}
	root := r.Reflect(of)
	root.Title = title
	constant(t, root, "kind", kind)
	constant(t, root, "apiVersion", apiVersion)
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// plain describes fields without a comment in the Go type. A comment in the Go type has
// priority.
var plain = map[string]string{
	"project.Checks.Allow":       "Objects that may break a rule, each with a reason.",
	"project.Link.Name":          "Text of the link.",
	"project.Link.URL":           "Address; can contain {project}, {name}, {namespace}, {branch} and {host.<service>}.",
	"project.PatchTarget.Kind":   "Kind of the objects, for example Deployment.",
	"staging.Attribution.At":     "Time.",
	"staging.Attribution.By":     "Name of the user or CI system.",
	"staging.Pin.By":             "Author of the pin.",
	"staging.Pin.Reason":         "Reason of the pin.",
	"staging.Pin.At":             "Time of the pin.",
	"staging.PullRequest.Number": "Number of the pull request.",
	"staging.PullRequest.URL":    "Address of the pull request.",
	"staging.PullRequest.Title":  "Title of the pull request.",
	"staging.PullRequest.Author": "Author of the pull request.",
}

func constant(t *testing.T, root *jsonschema.Schema, field, value string) {
	t.Helper()
	property, ok := root.Properties.Get(field)
	if !ok {
		t.Fatalf("the type has no field %s", field)
	}
	property.Const = value
}

// special returns the schemas of types with MarshalText, and of any.
func special(t reflect.Type) *jsonschema.Schema {
	value := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "string"}, {Type: "integer"}, {Type: "boolean"}, {Type: "null"}}}
	switch {
	case t == reflect.TypeFor[project.Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+d|([0-9]+(\.[0-9]+)?(h|m|s|ms))+)$`}
	case t == reflect.TypeFor[project.Amount]():
		return &jsonschema.Schema{Type: "number", Minimum: "0", Maximum: "999999999"}
	case t.Kind() == reflect.Interface:
		return value
	case t.Kind() == reflect.Map && t.Elem().Kind() == reflect.Interface:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: value}
	}
	return nil
}

// Every field has a description, which an editor shows.
func TestEveryFieldHasADescription(t *testing.T) {
	for name, text := range map[string][]byte{"octopod": schema.Project(), "staging": schema.Staging()} {
		var root map[string]any
		if err := json.Unmarshal(text, &root); err != nil {
			t.Fatal(err)
		}
		if root["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s is written for %v", name, root["$schema"])
		}
		definitions, _ := root["$defs"].(map[string]any)
		described(t, name, root, definitions)
		for key, definition := range definitions {
			described(t, name+" "+key, definition.(map[string]any), definitions)
		}
	}
}

func described(t *testing.T, at string, object, definitions map[string]any) {
	t.Helper()
	properties, _ := object["properties"].(map[string]any)
	if len(properties) > 0 && object["additionalProperties"] != false {
		t.Errorf("%s lets unknown fields pass", at)
	}
	for key, p := range properties {
		property := p.(map[string]any)
		if ref, ok := property["$ref"].(string); ok && property["description"] == nil {
			property = definitions[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
		}
		if property["description"] == nil {
			t.Errorf("%s: field %s has no comment in the Go type", at, key)
		}
	}
}

func compile(t *testing.T, text []byte) *validator.Schema {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("x.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("x.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *validator.Schema, text string) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestSchemasAcceptExamplesAndRejectProblems(t *testing.T) {
	tests := []struct {
		schema, file string
		faults       map[string][2]string // by name: old and new text
	}{
		{string(schema.Project()), "testdata/octopod.yaml", map[string][2]string{
			"unknown field":       {"  engine: kustomize", "  engine: kustomize\n  engines: x"},
			"unknown deep field":  {"host: 'api-{name}'", "hots: 'api-{name}'"},
			"wrong kind":          {"kind: Project", "kind: Projekt"},
			"wrong version":       {"v1alpha1", "v1"},
			"not an engine":       {"engine: kustomize", "engine: helm"},
			"a list for a map":    {"  hosts: {baseDomain: staging.example.com}", "  hosts: []"},
			"missing base domain": {"{baseDomain: staging.example.com}", "{}"},
			"a decimal default":   {"default: sandbox", "default: 1.5"},
			"not a duration":      {"ttl: 14d", "ttl: soon"},
		}},
		{string(schema.Staging()), "testdata/staging.yaml", map[string][2]string{
			"unknown field":   {"  branch:", "  branches: x\n  branch:"},
			"unknown pin":     {"by: ann, reason", "who: ann, reason"},
			"not a time":      {"2026-12-01T00:00:00Z", "tomorrow"},
			"a decimal value": {"PORT: 8080", "PORT: 80.5"},
			"a nested value":  {"PORT: 8080", "PORT: {a: 1}"},
			"missing image":   {"{image: registry.example.com/shop/frontend:main-77, from: default}", "{from: default}"},
		}},
	}
	for _, tt := range tests {
		s := compile(t, []byte(tt.schema))
		text, err := os.ReadFile(tt.file)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, s, string(text)); err != nil {
			t.Errorf("%s: %v", tt.file, err)
		}
		for name, fault := range tt.faults {
			broken := strings.Replace(string(text), fault[0], fault[1], 1)
			if broken == string(text) {
				t.Fatalf("%s: %q is not in the file", name, fault[0])
			}
			if validate(t, s, broken) == nil {
				t.Errorf("%s: %s is accepted", tt.file, name)
			}
		}
	}
}

// The strict decoder accepts the examples, too.
func TestExamplesDecode(t *testing.T) {
	for file, into := range map[string]any{"testdata/octopod.yaml": &project.Project{}, "testdata/staging.yaml": &staging.Document{}} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := strictyaml.Decode(file, text, into); err != nil {
			t.Error(err)
		}
	}
}
