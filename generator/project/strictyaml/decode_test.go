package strictyaml_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// record has every kind of field of the two files.
type record struct {
	Name     string             `yaml:"name"`
	Count    int                `yaml:"count,omitempty"`
	Small    *int8              `yaml:"small,omitempty"`
	On       bool               `yaml:"on,omitempty"`
	Services map[string]service `yaml:"services,omitempty"`
	Values   map[string]any     `yaml:"values,omitempty"`
	Tags     []string           `yaml:"tags,omitempty"`
	Links    []service          `yaml:"links,omitempty"`
	Until    *time.Time         `yaml:"until,omitempty"`
	TTL      project.Duration   `yaml:"ttl,omitempty"`
	Common   `yaml:",inline"`
	hidden   string // an unexported field does not exist in YAML
	Skipped  string `yaml:"-"`
}

type Common struct {
	Owner string `yaml:"owner,omitempty"`
}

type service struct {
	Image string `yaml:"image"`
	Role  string `yaml:"role,omitempty"`
}

const recordFields = "name, count, small, on, services, values, tags, links, until, ttl, owner"

func TestDecode(t *testing.T) {
	const text = `# a comment
name: shop
count: -3
small: 7
on: true
services:
  backend: {image: "registry.example.com/shop:1.10"}
  empty:
values:
  TEXT: production
  QUOTED: "1.10"
  NUMBER: 2
  FLAG: false
  ABSENT: null
  DATE: 2026-12-01
  backend.replicas: 2
tags: [a, 'no']
links:
  - image: b
until: 2026-12-01T00:00:00Z
ttl: 14d
owner: |
  Ann
  Lee
`
	got := record{hidden: "kept"}
	if err := strictyaml.Decode("f.yaml", []byte(text), &got); err != nil {
		t.Fatal(err)
	}
	small, until := int8(7), time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	want := record{
		Name: "shop", Count: -3, Small: &small, On: true, hidden: "kept",
		Services: map[string]service{"backend": {Image: "registry.example.com/shop:1.10"}, "empty": {}},
		Values: map[string]any{
			"TEXT": "production", "QUOTED": "1.10", "NUMBER": 2, "FLAG": false, "ABSENT": nil,
			"DATE": "2026-12-01", "backend.replicas": 2,
		},
		Tags: []string{"a", "no"}, Links: []service{{Image: "b"}}, Until: &until,
		TTL: project.Duration(14 * 24 * time.Hour), Common: Common{Owner: "Ann\nLee\n"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(record{})); diff != "" {
		t.Error(diff)
	}
}

// Each text has exactly these problems.
func TestDecodeProblems(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"empty":               {"", []string{"f.yaml: is empty"}},
		"only a comment":      {"# nothing\n", []string{"f.yaml: is empty"}},
		"null document":       {"---\n", []string{"f.yaml: is empty"}},
		"a scalar":            {"hello", []string{"f.yaml:1: is text, must be a map with the fields " + recordFields}},
		"a list":              {"- a\n", []string{"f.yaml:1: is a list, must be a map with the fields " + recordFields}},
		"unknown field, near": {"nmae: x\n", []string{"f.yaml:1: nmae: is an unknown field; did you mean name? There are: " + recordFields}},
		"unknown field, far":  {"x:\n  y: 1\n", []string{"f.yaml:1: x: is an unknown field; There are: " + recordFields}},
		"unknown field, deep": {
			"services:\n  backend:\n    imgae: x\nlinks:\n  - Image: y\n",
			[]string{
				"f.yaml:3: services.backend.imgae: is an unknown field; did you mean image? There are: image, role",
				"f.yaml:5: links[0].Image: is an unknown field; did you mean image? There are: image, role",
			},
		},
		"unexported and skipped fields do not exist": {
			"hidden: x\nSkipped: x\n",
			[]string{
				"f.yaml:1: hidden: is an unknown field; There are: " + recordFields,
				"f.yaml:2: Skipped: is an unknown field; There are: " + recordFields,
			},
		},
		"duplicate key": {"name: a\ncount: 1\nname: b\n", []string{"f.yaml:3: name: is set twice, first on line 1: remove one"}},
		"duplicate map key": {
			"services:\n  a: {image: x}\n  a: {image: y}\n",
			[]string{"f.yaml:3: services.a: is set twice, first on line 2: remove one"},
		},
		"wrong shapes": {
			"name: [a]\ncount: many\nsmall: {}\non: 1\nservices: []\ntags: a\nlinks: {}\nuntil: []\nvalues: {A: [], B: {}}\n",
			[]string{
				"f.yaml:1: name: is a list, must be text",
				"f.yaml:2: count: is text, must be a whole number",
				"f.yaml:3: small: is a map, must be a whole number",
				"f.yaml:4: on: is a number, must be true or false",
				"f.yaml:5: services: is a list, must be a map",
				"f.yaml:6: tags: is text, must be a list: write each item on its own line after a dash",
				"f.yaml:7: links: is a map, must be a list: write each item on its own line after a dash",
				"f.yaml:8: until: is a list, must be text",
				"f.yaml:9: values.A: is a list, must be text, a whole number, true, false or null",
				"f.yaml:9: values.B: is a map, must be text, a whole number, true, false or null",
			},
		},
		"numbers where text is due": {
			"name: 1.10\ntags: [1234567, 12e3, 0x1F, true, no, 12:30, 1_0, .inf, <<]\n",
			[]string{
				"f.yaml:1: name: 1.10 reads as a number, must be text: write it in quotes",
				"f.yaml:2: tags[0]: 1234567 reads as a number, must be text: write it in quotes",
				"f.yaml:2: tags[1]: 12e3 reads as a number, must be text: write it in quotes",
				"f.yaml:2: tags[2]: 0x1F reads as a number, must be text: write it in quotes",
				"f.yaml:2: tags[3]: true reads as a boolean, must be text: write it in quotes",
				"f.yaml:2: tags[4]: no reads as a boolean in Kubernetes tools, must be text: write it in quotes",
				"f.yaml:2: tags[5]: 12:30 reads as a number in Kubernetes tools, must be text: write it in quotes",
				"f.yaml:2: tags[6]: 1_0 reads as a number, must be text: write it in quotes",
				"f.yaml:2: tags[7]: .inf reads as a number, must be text: write it in quotes",
				"f.yaml:2: tags[8]: << reads as a merge key, must be text: write it in quotes",
			},
		},
		"whole numbers": {
			"count: 0755\nsmall: 300\nlinks: []\nvalues: {A: 1.5, B: 1_000, C: 0o7, D: 99999999999999999999, E: off, F: -0}\n",
			[]string{
				"f.yaml:1: count: 0755 has different meanings in different tools: write the number in plain decimal digits, or text in quotes",
				"f.yaml:2: small: 300 is out of range",
				"f.yaml:4: values.A: 1.5 reads as a decimal number, which may lose digits: write it in quotes",
				"f.yaml:4: values.B: 1_000 has different meanings in different tools: write the number in plain decimal digits, or text in quotes",
				"f.yaml:4: values.C: 0o7 has different meanings in different tools: write the number in plain decimal digits, or text in quotes",
				"f.yaml:4: values.D: 99999999999999999999 is out of range",
				"f.yaml:4: values.E: off reads as a boolean in Kubernetes tools, must be text: write it in quotes",
			},
		},
		"quoted number":  {"count: '3'\n", []string{"f.yaml:1: count: is text, must be a whole number: remove the quotes"}},
		"huge number":    {"count: 99999999999999999999\n", []string{"f.yaml:1: count: 99999999999999999999 is out of range"}},
		"decimal number": {"count: 1.5\n", []string{"f.yaml:1: count: is a decimal number, must be a whole number"}},
		"time":           {"until: tomorrow\n", []string{`f.yaml:1: until: "tomorrow" is not a time: write it like 2026-12-01T00:00:00Z`}},
		"date for time":  {"until: 2026-12-01\n", []string{`f.yaml:1: until: "2026-12-01" is not a time: write it like 2026-12-01T00:00:00Z`}},
		"duration":       {"ttl: 14\n", []string{`f.yaml:1: ttl: "14" is not a duration: write 14d, 36h or 90m`}},
		"bad keys": {
			"services:\n  1.10: {image: x}\n  on: {image: y}\n  [a]: {image: z}\n  ~: {image: z}\n",
			[]string{
				"f.yaml:2: services.1.10: the key 1.10 reads as a number, must be text: write it in quotes",
				"f.yaml:3: services.on: the key on reads as a boolean in Kubernetes tools, must be text: write it in quotes",
				"f.yaml:4: services: has a key that is a list, must be text",
				"f.yaml:5: services.~: the key is empty, must be text",
			},
		},
		"alias and anchor": {
			"services:\n  a: &a {image: x}\n  b: *a\n  c: {<<: *a}\n",
			[]string{
				"f.yaml:2: services.a: has an anchor (&a), which is not supported: write the value out where it is used",
				"f.yaml:3: services.b: is an alias (*a), which is not supported: write the value out",
				"f.yaml:4: services.c: has a merge key (<<), which is not supported: write the values out",
			},
		},
		"tags": {
			"name: !!str 1.10\nowner: !secret x\n",
			[]string{
				"f.yaml:1: name: has a tag (!!str), which is not supported: remove it, and put text in quotes",
				"f.yaml:2: owner: has a tag (!secret), which is not supported: remove it, and put text in quotes",
			},
		},
		"two documents":    {"name: a\n---\nname: b\n", []string{"f.yaml:2: a second document begins here: a file must have exactly one"}},
		"tab":              {"services:\n\tbackend: {image: x}\n", []string{"f.yaml:2: is indented with a tab, which YAML does not allow: use spaces"}},
		"broken":           {"name: [a\ncount: 1\n", []string{"f.yaml:1: is not valid YAML: did not find expected ',' or ']'"}},
		"NUL":              {"name: a\nowner: \x00\n", []string{"f.yaml:2: contains a NUL byte: save it as UTF-8 text"}},
		"not UTF-8":        {"name: a\nowner: \xff\n", []string{"f.yaml:2: is not UTF-8 text: save it as UTF-8"}},
		"UTF-16":           {"\xff\xfen\x00", []string{"f.yaml:1: contains a NUL byte: save it as UTF-8 text"}},
		"deep nesting":     {"name: " + strings.Repeat("[", 20000), []string{"f.yaml: is nested too deeply"}},
		"too long":         {"name: " + strings.Repeat("a", strictyaml.MaxSize), []string{"f.yaml: has 1048582 bytes; the maximum is 1048576"}},
		"a long name":      {"values:\n  " + strings.Repeat("ä", 100) + ": 1.5\n", []string{"f.yaml:2: values." + strings.Repeat("ä", 40) + "…: 1.5 reads as a decimal number, which may lose digits: write it in quotes"}},
		"unknown alias":    {"name: *x\n", []string{"f.yaml: is not valid YAML: unknown anchor 'x' referenced"}},
		"too many entries": {"values:\n" + strings.Repeat("  a: 1\n", 1001), []string{"f.yaml:2: values: has 1001 entries; the maximum is 1000"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := record{Name: "untouched"}
			err := strictyaml.Decode("f.yaml", []byte(tt.text), &got)
			if diff := cmp.Diff(tt.want, texts(t, err)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(record{Name: "untouched"}, got, cmp.AllowUnexported(record{})); diff != "" {
				t.Errorf("the value was touched: %s", diff)
			}
		})
	}
}

// texts returns the problems of an error as text.
func texts(t *testing.T, err error) []string {
	t.Helper()
	var e *staging.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T (%v), want *staging.Error", err, err)
	}
	if e.Code != staging.CodeInvalid || e.Message != "cannot read f.yaml" && (e.Message != "cannot read the file" || len(e.Problems) != 1) {
		t.Errorf("code %q, message %q", e.Code, e.Message)
	}
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return lines
}

func TestDecodeBoundsItsReport(t *testing.T) {
	text := "tags:\n" + strings.Repeat("  - 1.10\n", 500)
	problems := texts(t, strictyaml.Decode("f.yaml", []byte(text), &record{}))
	if len(problems) != 50 || problems[49] != "f.yaml:51: has more problems below: fix these first" {
		t.Errorf("%d problems, the last %q", len(problems), problems[len(problems)-1])
	}
}

func TestDecodeTheRealTypes(t *testing.T) {
	const octopod = `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services:
    backend: {image: 'registry.example.com/shop/backend:main', replicas: 2}
  lifecycle: {ttl: 14d}
  parameters:
    PAYMENT_GATEWAY: {type: enum, allowed: [sandbox, 1.5], default: sandbox}
`
	problems := texts(t, strictyaml.Decode("f.yaml", []byte(octopod), &project.Project{}))
	want := []string{
		"f.yaml:8: spec.services.backend.replicas: is an unknown field; There are: title, repository, defaultBranch, image, build, images, follow, templateImage, host, path",
		"f.yaml:11: spec.parameters.PAYMENT_GATEWAY.allowed[1]: 1.5 reads as a decimal number, which may lose digits: write it in quotes",
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}
