package project_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Applied to the later version, the revert results in the earlier one.
func TestRevert(t *testing.T) {
	p := parse(t, shop)
	at := staging.Attribution{By: "Ada"}
	apply := func(s *staging.Staging, a staging.Action) staging.Staging {
		t.Helper()
		a.Name = "login"
		next, err := p.Apply(s, a, at)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	title := "New"
	first := apply(nil, staging.Action{Verb: staging.Create, Branch: "login", Set: map[string]string{"LOG_LEVEL": "warn"}})
	for name, change := range map[string]staging.Action{
		"set":     {Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "debug"}},
		"new":     {Verb: staging.Set, Set: map[string]string{"backend.replicas": "2"}, Title: &title},
		"unset":   {Verb: staging.Unset, Unset: []string{"LOG_LEVEL"}},
		"absent":  {Verb: staging.Set, Absent: []string{"LOG_LEVEL"}},
		"archive": {Verb: staging.Archive},
		"pin":     {Verb: staging.PinVerb, Reason: "demo"},
		"image":   {Verb: staging.Update, Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:2"}}},
	} {
		second := apply(&first, change)
		back, err := project.Revert(first, second)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		third := apply(&second, back)
		third.Spec.Services["backend"] = onlyImage(third.Spec.Services["backend"])
		want := first.Clone()
		third.Spec.Since = nil // the transition differs
		want.Spec.Services["backend"] = onlyImage(want.Spec.Services["backend"])
		if diff := cmp.Diff(want, third); diff != "" {
			t.Errorf("%s is not taken back:\n%s", name, diff)
		}
	}
	if _, err := project.Revert(first, first); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("nothing changed, and yet there is a reversal: %v", err)
	}
}

// A default image is now pinned.
func onlyImage(s staging.Service) staging.Service { return staging.Service{Image: s.Image} }
