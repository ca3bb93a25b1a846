package generator_test

import (
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// The last record of a deleted staging can be found, unless there is a staging of the name
// again.
func TestDeletedStagingsHaveTheirLastRecord(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	do := func(verb staging.Verb, name string) {
		t.Helper()
		if _, err := w.Apply(t.Context(), change.Request{Action: staging.Action{Verb: verb, Name: name, Branch: map[bool]string{true: name}[verb == staging.Deploy]}, By: ada}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"gone", "again", "stays"} {
		do(staging.Deploy, name)
	}
	do(staging.Delete, "gone")
	do(staging.Delete, "again")
	do(staging.Deploy, "again")
	found, err := w.DeletedSince(t.Context(), time.Time{})
	if err != nil || len(found) != 1 || found[0].Record.Name != "gone" || found[0].Record.Spec.Branch != "gone" || !found[0].Event.Gone {
		t.Errorf("%+v, %v", found, err)
	}
	if found, err := w.DeletedSince(t.Context(), time.Now().Add(24*time.Hour*365*10)); err != nil || len(found) > 0 {
		t.Errorf("later: %+v, %v", found, err)
	}
}
