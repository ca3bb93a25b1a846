package server

import (
	"strings"
	"testing"

	"octopod/generator/staging"
)

// The second env repo of one project name is refused, by name, until it has another one.
func TestTwoEnvReposOfOneName(t *testing.T) {
	first, second := &servedProject{repo: "git@a:shop.git"}, &servedProject{repo: "git@b:shop.git"}
	set := newProjectSet(first, second)
	if err := set.claim(first, "shop"); err != nil {
		t.Fatal(err)
	}
	err := set.claim(second, "shop")
	if staging.CodeOf(err) != staging.CodeConflict || !strings.Contains(err.Error(), "git@b:shop.git") || second.title() != "" {
		t.Errorf("%v, name %q", err, second.title())
	}
	if s, err := set.find(t.Context(), "shop"); err != nil || s != first || set.readiness() != "" {
		t.Errorf("found %+v, %v; not ready: %q", s, err, set.readiness())
	}
	if err := set.claim(second, "books"); err != nil || second.title() != "books" {
		t.Errorf("after a rename: %v, name %q", err, second.title())
	}
}
