package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"octopod/generator/httpapi"
	"octopod/generator/staging"
)

// described is the OpenAPI document.
type described struct {
	doc      any
	compiler *jsonschema.Compiler
}

func describe(t *testing.T, w *world) described {
	t.Helper()
	answer := w.send(get(t, w, "/openapi.json"))
	doc, err := jsonschema.UnmarshalJSON(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return described{doc, c}
}

func get(t *testing.T, w *world, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.http.URL+httpapi.Path+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func post(t *testing.T, w *world, path, content string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.http.URL+httpapi.Path+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

// fits validates a response against its schema.
func (d described) fits(t *testing.T, path, method string, answer *http.Response) {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	status, kind := "default", "application/problem+json"
	if answer.StatusCode < 300 {
		status, kind = "200", "application/json"
	}
	if got := answer.Header.Get("Content-Type"); got != kind {
		t.Errorf("%s %s answers %s: %s", method, path, got, text)
	}
	place := "openapi.json#/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(httpapi.Path+path) +
		"/" + method + "/responses/" + status + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema"
	schema, err := d.compiler.Compile(place)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%s %s: %v\n%s", method, path, err, text)
	}
}

// Every operation in the OpenAPI document matches its schemas.
func TestOpenAPIFitsTheHandlers(t *testing.T) {
	w := newWorld(t)
	d := describe(t, w)
	for _, action := range []staging.Action{login(), {Verb: staging.PinVerb, Name: "login", Reason: "demo"}} {
		w.do(action)
	}
	const in, one = "/projects/{project}", "/projects/{project}/stagings/{name}"
	tried := map[string]bool{}
	for _, tt := range []struct{ method, path, query, body string }{
		{"get", "/projects", "", ""}, {"get", in, "", ""}, {"get", in + "/stagings", "?all=true", ""}, {"get", in + "/stagings", "?name=nope", ""},
		{"get", one, "", ""}, {"get", one + "/history", "", ""}, {"get", one + "/manifests", "", ""}, {"get", one + "/drift", "", ""}, {"get", one + "/compare", "", ""}, {"get", one + "/compare", "?since=mark", ""}, {"get", one + "/compare", "?with=login&revision=1", ""},
		{"post", one + "/{verb}", "", `{"set":{"LOG_LEVEL":"debug"},"dryRun":true,"manifests":true}`},
		{"post", one + "/{verb}", "", `{"set":{"NOPE":"1"}}`}, {"post", one + "/{verb}", "", `{"nonsense":1}`}, {"post", one + "/{verb}", "", `{`},
		{"post", in + "/regenerate", "", `{"dryRun":true}`}, {"post", in + "/lint", "", ``}, {"post", in + "/mend", "", `{"dryRun":true}`},
		{"get", in + "/doctor", "", ""}, {"post", in + "/sweep", "", `{"dryRun":true}`}, {"post", in + "/sweep", "", `{"maxShare":101}`},
		{"get", "/whoami", "", ""}, {"get", in + "/activity", "?limit=1", ""}, {"get", in + "/branches", "", ""}, {"get", one + "/resources", "", ""}, {"delete", one + "/sync", "", ""},
		{"post", in + "/import", "", `{"items":[{"name":"old","action":{"branch":"old"}}],"dryRun":true}`}, {"post", in + "/import", "", `{"items":1}`},
		{"get", in + "/stagings", "?where=banana=1", ""}, {"get", in + "/doctor", "", ""}, {"get", in + "/deliveries", "", ""}, {"get", in + "/cost", "?by=week", ""}, {"get", in + "/cost", "?by=month", ""}, {"get", in + "/explain", "?branch=feature/login", ""}, {"get", in + "/explain", "?branch=a..b", ""},
	} {
		path := strings.NewReplacer("{project}", "shop", "{name}", "login", "{verb}", "set").Replace(tt.path) + tt.query
		r := get(t, w, path)
		if tt.method != "get" {
			r = post(t, w, path, tt.body)
			r.Method = strings.ToUpper(tt.method)
		}
		d.fits(t, tt.path, tt.method, w.send(r))
		tried[tt.method+" "+httpapi.Path+tt.path] = true
	}
	var all struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	text, err := json.Marshal(d.doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for path, methods := range all.Paths {
		for method := range methods {
			if name := method + " " + path; !tried[name] && !strings.HasSuffix(path, "/events") {
				t.Errorf("%s is described and not tried here", name)
			}
		}
	}
}

// The document satisfies the recommended rules of redocly and spectral, as far as they
// concern a document that is generated.
func TestOpenAPIRules(t *testing.T) {
	w := newWorld(t)
	var doc struct {
		Servers []struct{ URL string }
		Info    struct {
			Contact map[string]any
			License struct{ Name, Identifier string }
		}
		Tags  []struct{ Name, Description string }
		Paths map[string]map[string]struct {
			Tags                              []string
			OperationID, Summary, Description string
			Responses                         map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	text, err := io.ReadAll(w.send(get(t, w, "/openapi.json")).Body)
	if err == nil {
		err = json.Unmarshal(text, &doc)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Servers) == 0 || doc.Servers[0].URL == "" || len(doc.Info.Contact) == 0 || doc.Info.License.Identifier == "" {
		t.Errorf("servers %+v, info %+v", doc.Servers, doc.Info)
	}
	declared, ids := map[string]bool{}, map[string]bool{}
	for _, tag := range doc.Tags {
		declared[tag.Name] = tag.Description != ""
	}
	for path, methods := range doc.Paths {
		for method, o := range methods {
			if len(o.Tags) != 1 || !declared[o.Tags[0]] || ids[o.OperationID] || o.Summary == "" || o.Description == "" || o.Responses["4XX"] == nil || o.Responses["200"] == nil {
				t.Errorf("%s %s: %+v", method, path, o)
			}
			ids[o.OperationID] = true
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(string(text), `"#/components/schemas/`+name+`"`) {
			t.Errorf("nothing uses the schema %s", name)
		}
	}
}
