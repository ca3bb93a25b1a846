package project_test

import (
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Every typed value of a parameter is accepted or rejected. An accepted value is the
// typed text, and valid in a record.
func FuzzOverride(f *testing.F) {
	for _, text := range []string{"", "1", "-1", "01", "true", "x/y", "sk_live_x", "a\x00b"} {
		f.Add("string", text)
		f.Add("integer", text)
		f.Add("boolean", text)
		f.Add("enum", text)
		f.Add("secret-reference", text)
	}
	f.Fuzz(func(t *testing.T, kind, text string) {
		p := project.Parameter{Type: project.Type(kind), Scope: project.ScopeApp}
		if p.Type == project.TypeEnum {
			p.Allowed = []any{"a", 1, true}
		}
		value, err := p.Parse(text)
		if err != nil {
			return
		}
		if err := p.Check(value); err != nil {
			t.Fatalf("%s %q: parsed, but %v", kind, text, err)
		}
		if got := staging.FormatValue(value); got != text && !(kind == "integer") {
			t.Fatalf("%s %q became %q", kind, text, got)
		}
	})
}
