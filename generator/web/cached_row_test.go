package web_test

import (
	"context"
	"fmt"
	"testing"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// The list of all stagings is prepared once, until one of them changes. Then the rows of the
// others stay, and that of the former state goes before there are many.
func TestTheListIsPreparedOnce(t *testing.T) {
	w := crowd(t, 3)
	vera := w.as("Vera", project.RoleUser)
	prepared := func() (any, map[string]any) {
		vera.get("/shop/")
		return w.server.PreparedRows("shop", project.RoleUser)
	}
	before, rows := prepared()
	vera.get("/shop/?sort=-name&q=feature")
	if again, _ := prepared(); again != before {
		t.Error("it was prepared again without a change")
	}
	w.do(staging.Action{Verb: staging.Set, Name: "feature-0001", Set: map[string]string{"LOG_LEVEL": "warn"}})
	after, changed := prepared()
	if after == before || changed["feature-0001"] == rows["feature-0001"] {
		t.Error("a change is missing")
	}
	if changed["feature-0000"] != rows["feature-0000"] {
		t.Error("the row of another staging was built again")
	}
}

// The rows of former states take no memory in the long run.
func TestRowsOfFormerStatesGo(t *testing.T) {
	w := crowd(t, 1000)
	vera := w.as("Vera", project.RoleUser)
	most := 0
	for _, level := range []string{"info", "warn", "error"} {
		var files []staging.File
		for i := range 1000 {
			changed := w.record(fmt.Sprintf("feature-%04d", i))
			changed.Spec.Overrides.App["LOG_LEVEL"] = level
			record, err := envrepo.Record(changed)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, record)
		}
		if _, err := w.repo.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) {
			return envrepo.Edit{Verb: "edit", By: ada.Person, Write: files}, nil
		}); err != nil {
			t.Fatal(err)
		}
		w.catchUp()
		vera.get("/shop/")
		most = max(most, w.server.CachedRows("shop", project.RoleUser))
	}
	if most < 1000 || most > 1250 {
		t.Errorf("%d cached rows of 1,000 stagings", most)
	}
}
