package strictyaml_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

func TestEncode(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 30, 0, 0, time.UTC)
	doc := staging.Document{
		APIVersion: staging.APIVersion, Kind: staging.Kind,
		Metadata: staging.Metadata{Name: "feature-login", Title: "no"},
		Spec: staging.Spec{
			Branch: "feature/login", State: staging.Active,
			Services:  map[string]staging.Service{"frontend": {Image: "f:1.10", From: staging.FromDefault}, "backend": {Image: "b:1", Commit: "1234567", From: staging.FromBranch}},
			Overrides: staging.Overrides{App: staging.Values{"LEGACY": nil, "PORT": 8080, "VERSION": "1.10", "AT": "12:30"}},
			Presets:   []string{"payments"},
			Created:   staging.Attribution{At: at, By: "ann"},
			Expires:   &at,
		},
	}
	const want = `apiVersion: octopod.dev/v1alpha1
kind: Staging
metadata:
  name: feature-login
  title: "no"
spec:
  branch: feature/login
  state: active
  services:
    backend:
      image: b:1
      commit: "1234567"
      from: branch
    frontend:
      image: f:1.10
      from: default
  overrides:
    app:
      AT: "12:30"
      LEGACY: null
      PORT: 8080
      VERSION: "1.10"
  presets:
    - payments
  created:
    at: 2026-11-01T09:30:00Z
    by: ann
  expires: 2026-11-01T09:30:00Z
`
	data, err := strictyaml.Encode(doc)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
	var back staging.Document
	if err := strictyaml.Decode("f.yaml", data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(doc, back); diff != "" {
		t.Error(diff)
	}
}

func TestEncodeRejectsInvalidText(t *testing.T) {
	_, err := strictyaml.Encode(record{Name: "a\xffb", Values: map[string]any{"A": "!!binary is fine", "B": "\xfe"}})
	problems := staging.ProblemsOf(err)
	if len(problems) != 2 || problems[0].Field != "name" || problems[1].Field != "values.B" {
		t.Errorf("problems %v", problems)
	}
	if _, err := strictyaml.Encode(record{Name: "!!binary is fine"}); err != nil {
		t.Error(err)
	}
}

func TestLines(t *testing.T) {
	const text = "spec:\n  services:\n    backend:\n      image: x\n  links:\n    - name: a\n      url: b\n    - name: c\n  parameters:\n    backend.replicas: {min: 1}\n"
	lines := strictyaml.Lines([]byte(text))
	for field, want := range map[string]int{
		"spec":                                 1,
		"spec.services.backend.image":          4,
		"spec.services.backend.host":           3, // missing: the line of its parent
		"spec.services.frontend.image":         2,
		"spec.links[0].url":                    7,
		"spec.links[1].name":                   8,
		"spec.links[1].url":                    8,
		"spec.links[7].url":                    5,
		"spec.parameters.backend.replicas.min": 10,
		"metadata.name":                        0,
		"":                                     0,
	} {
		if got := lines.Line(field); got != want {
			t.Errorf("line of %q is %d, want %d", field, got, want)
		}
	}
	if len(strictyaml.Lines([]byte("a: [b"))) != 0 {
		t.Error("broken YAML has lines")
	}
}

func TestClosest(t *testing.T) {
	known := []string{"image", "images", "replicas", "host", "to"}
	for word, want := range map[string]string{
		"imgae": "image", "Image": "image", "imagess": "images", "replica": "replicas", "hosts": "host",
		"ot": "to", "x": "", "": "", "banana": "", strings.Repeat("a", 1000): "",
	} {
		if got := strictyaml.Closest(word, known); got != want {
			t.Errorf("Closest(%q) = %q, want %q", word, got, want)
		}
	}
}

// Decode returns the values that Encode encoded: no text changes on its way through git.
func FuzzEncodeDecode(f *testing.F) {
	for _, s := range []string{"", "no", "1.10", "0755", "12:30", "~", "null", "<<", "a: b", "# x", "- a", "\n a\n", " lead", "trail ", "a\tb", "\t", "é", "🐙", "\u2028", "\ufeff", "\u0085", "\x07", "'\"", "|", ">", "%", "@", "`", "*a", "&a", "!a", "a\r\nb", "\na", "a\n\n", "a \nb", "---", "...", "2026-12-01", "=", ".inf", "0x1F", "y"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		in := record{Name: value, Tags: []string{value, key}, Values: map[string]any{key: value}, Common: Common{Owner: key}}
		data, err := strictyaml.Encode(in)
		if err != nil {
			return // not UTF-8
		}
		var out record
		if err := strictyaml.Decode("f.yaml", data, &out); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(in, out, cmp.AllowUnexported(record{})); diff != "" {
			t.Fatalf("%s\n%s", diff, data)
		}
	})
}

// Decode never panics, does not modify the value if it returns an error, and accepts
// nothing that yaml.v3 with KnownFields rejects.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"name: shop\ncount: 1\n", "values: {A: 1.5, B: ~}\n", "a: &a [*a]\n", "tags:\n  - 12:30\n", "services:\n  a: {image: x}\n",
		"until: 2026-12-01T00:00:00Z\nttl: 14d\n", "? [a]\n: b\n", "{<<: {name: a}}", "name: !!binary aGk=\n", "owner: |2\n   x\n", "\t- a", "%TAG ! x\n---\n!a", "small: -128\non: y\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got record
		err := strictyaml.Decode("f.yaml", data, &got)
		strictyaml.Lines(data)
		if err != nil {
			if len(staging.ProblemsOf(err)) == 0 || staging.CodeOf(err) != staging.CodeInvalid {
				t.Fatalf("a refusal without problems: %v", err)
			}
			return
		}
		var stock record
		if err := stockDecode(data, &stock); err != nil {
			t.Fatalf("yaml.v3 refuses what Decode reads: %v", err)
		}
		again, err := strictyaml.Encode(got)
		if err != nil {
			t.Fatal(err)
		}
		var back record
		if err := strictyaml.Decode("f.yaml", again, &back); err != nil {
			t.Fatalf("%v\n%s", err, again)
		}
		once, _ := strictyaml.Encode(back)
		if !bytes.Equal(again, once) {
			t.Fatalf("written twice:\n%s\n%s", again, once)
		}
	})
}

func stockDecode(data []byte, into any) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	return decoder.Decode(into)
}
