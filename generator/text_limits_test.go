package generator_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// No verb commits a free text beyond its limit, not even by restoring or deleting a whole
// record.
func TestNoVerbCommitsALongText(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	w.do(login("5c0ffee"))
	long := strings.Repeat("x", 900_000)
	for _, a := range []staging.Action{
		{Verb: staging.Set, Title: &long},
		{Verb: staging.PinVerb, Reason: long},
		{Verb: staging.Rollback, Reason: long},
		{Verb: staging.Delete, Reason: long},
		{Verb: staging.Archive, Reason: "a\x1b[2J"},
		{Verb: staging.Mark, Outcome: staging.Tested, Note: long},
		{Verb: staging.Set, PullRequest: &staging.PullRequest{Number: 1, Title: long}},
		{Verb: staging.Deploy, Branch: long},
		{Verb: staging.Set, Title: new("a\u202eb")},
	} {
		a.Name = "login"
		if err := w.refused(a); staging.CodeOf(err) != staging.CodeInvalid || len(err.Error()) > 200 {
			t.Errorf("%s: %.300v", a.Verb, err)
		}
	}
}

// Records from before the limits still open, and their lists are short.
func TestLongTitlesFillNoList(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	for i := range 5 {
		name := fmt.Sprintf("old-%d", i)
		w.do(staging.Action{Verb: staging.Deploy, Name: name, Branch: "feature/" + name})
		record := w.files(name)[staging.RecordPath(name)]
		record = strings.Replace(record, "  name: "+name+"\n", "  name: "+name+"\n  title: "+strings.Repeat("x", 900_000)+"\n", 1)
		w.write(staging.File{Path: staging.RecordPath(name), Data: []byte(record)})
	}
	views, err := w.as(testRights{role: project.RoleAdmin}).Find(t.Context(), staging.Query{All: true})
	if err != nil || len(views) != 5 {
		t.Fatalf("%d stagings: %v", len(views), err)
	}
	text, err := json.Marshal(views)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 50_000 {
		t.Errorf("the list has %d bytes", len(text))
	}
	w.do(staging.Action{Verb: staging.Set, Name: "old-0", Set: map[string]string{"LOG_LEVEL": "debug"}})
}
