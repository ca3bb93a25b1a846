package httpapi_test

import (
	"context"
	"encoding/json"
	"testing"

	"octopod/generator/lifecycle"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// oneForge lists the branches of one repository and fails for the other.
type oneForge struct{}

func (oneForge) Heads(_ context.Context, repository string) (map[string]string, error) {
	if repository == "github.com/acme/shop-backend" {
		return map[string]string{"main": "1111111", "feature/login": "2222222"}, nil
	}
	return nil, staging.Errorf(staging.CodeUnavailable, "%s does not answer", repository).WithHint("try again later")
}

// A sweep through the server has the same result as one on the env repo, and needs an
// admin.
func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.Heads = oneForge{}
	w.do(login())
	r := lifecycle.SweepRequest{DryRun: true, MaxShare: 50}
	direct, err := w.Sweep(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	remote, err := w.client().Sweep(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]any{
		"items": {direct.Items, remote.Items}, "repositories": {errTexts(direct.Repositories), errTexts(remote.Repositories)},
		"revision": {direct.Revision, remote.Revision}, "changed": {direct.Changed, remote.Changed},
	} {
		a, errA := json.Marshal(pair[0])
		b, errB := json.Marshal(pair[1])
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Errorf("%s\ndirect %s\nremote %s", what, a, b)
		}
	}
	if len(remote.Repositories) != 2 || staging.HintOf(remote.Repositories[1].Err) != "try again later" {
		t.Errorf("repositories: %+v", remote.Repositories)
	}
	w.as(project.RoleUser)
	if _, err := w.client().Sweep(t.Context(), r); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("a user may: %v", err)
	}
}

func errTexts(all []staging.BranchListing) (texts []string) {
	for _, h := range all {
		text := h.Repository
		if h.Err != nil {
			text += ": " + h.Err.Error()
		}
		texts = append(texts, text)
	}
	return texts
}

// Every verb is available in the API.
func TestEveryVerb(t *testing.T) {
	w := newWorld(t)
	w.do(login())
	for _, a := range []staging.Action{
		{Verb: staging.Keep, Name: "login", Reason: "demo"}, {Verb: staging.Unkeep, Name: "login"},
		{Verb: staging.PinVerb, Name: "login", Reason: "demo"}, {Verb: staging.Unpin, Name: "login"},
		{Verb: staging.Archive, Name: "login"}, {Verb: staging.Restore, Name: "login"}, {Verb: staging.Extend, Name: "login"},
		{Verb: staging.Delete, Name: "login"},
	} {
		w.do(a)
	}
}
