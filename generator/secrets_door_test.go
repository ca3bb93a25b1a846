package generator_test

import (
	"context"
	"crypto/rand"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// keyID is the form of an AWS access key, assembled so that no scanner finds it here.
var keyID = "AK" + "IA234567ABCDEFGHIJ"

// No action commits a secret: not in a record, a name, a value, a rendered file or a
// commit message. The refusal names the place, and never the secret.
func TestNoCommitHoldsASecret(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	w.do(login("1f2e3d4"))
	address := "postgres://shop" + ":hunter2@db/shop"
	for name, a := range map[string]staging.Action{
		"title":              {Verb: staging.Set, Title: &keyID},
		"reason of a pin":    {Verb: staging.PinVerb, Reason: "until " + keyID + " works"},
		"reason of an end":   {Verb: staging.Archive, Reason: keyID},
		"note":               {Verb: staging.Mark, Outcome: staging.Tested, Note: "with " + address},
		"value":              {Verb: staging.Set, Set: map[string]string{"WELCOME": address}},
		"branch":             {Verb: staging.Deploy, Name: "other", Branch: "feature/" + keyID},
		"pull request":       {Verb: staging.Set, PullRequest: &staging.PullRequest{Number: 1, Title: keyID}},
		"name of a password": {Verb: staging.Set, Set: map[string]string{"DB_PASSWORD": "opensesame"}},
	} {
		if a.Name == "" {
			a.Name = "login"
		}
		declare(w, "DB_PASSWORD", "WELCOME")
		err := w.refused(a)
		if text := err.Error(); staging.CodeOf(err) != staging.CodeInvalid || strings.Contains(text, keyID) || strings.Contains(text, "hunter2") || strings.Contains(text, "opensesame") {
			t.Errorf("%s: %v", name, err)
		}
		if _, dry := w.Apply(t.Context(), change.Request{Action: a, By: ada, DryRun: true}); dry == nil {
			t.Errorf("%s: a dry run accepts it", name)
		}
	}
}

// declare adds parameters of type string to octopod.yaml.
func declare(w *fixture, names ...string) {
	w.t.Helper()
	data, err := w.tip().ReadFile(project.File)
	if err != nil {
		w.t.Fatal(err)
	}
	text := string(data)
	for _, name := range names {
		if !strings.Contains(text, "    "+name+":") {
			text = strings.Replace(text, "  parameters:\n", "  parameters:\n    "+name+": {type: string}\n", 1)
		}
	}
	w.write(staging.File{Path: project.File, Data: []byte(text)})
}

// push commits files as somebody with a git client does, past Octopod.
func (w *fixture) push(files ...staging.File) gitstore.Hash {
	w.t.Helper()
	store, err := gitstore.Open(w.t.Context(), gitstore.Options{URL: w.path, Committer: gitstore.Identity{Name: "Eve", Email: "eve@example.com"}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	done, err := store.Change(w.t.Context(), func(context.Context, *gitstore.Snapshot) (gitstore.Commit, error) {
		c := gitstore.Commit{Author: gitstore.Identity{Name: "Eve", Email: "eve@example.com"}, Message: "by hand"}
		for _, f := range files {
			c.Changes = append(c.Changes, gitstore.Change{Path: f.Path, Data: f.Data})
		}
		return c, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return done.Revision
}

// pushSettings sets overrides by hand, with the files that follow from the record: a
// record from before Octopod refused secrets by their names.
func (w *fixture) pushSettings(name string, values staging.Values) {
	w.t.Helper()
	s, err := w.tip().Staging(name)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.tip().Project()
	if err != nil {
		w.t.Fatal(err)
	}
	s.Spec.Overrides.App = values
	record, err := envrepo.Record(s)
	if err != nil {
		w.t.Fatal(err)
	}
	params, err := p.Params(s)
	if err != nil {
		w.t.Fatal(err)
	}
	files, err := render.Source(p, params)
	if err != nil {
		w.t.Fatal(err)
	}
	w.push(append(files, record)...)
}

// An env repo that holds a secret already keeps working: every other change succeeds,
// and so does the removal of the secret.
func TestAnOldSecretStopsNoOtherChange(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	declare(w, "DB_PASSWORD", "WELCOME")
	w.do(login("1f2e3d4"))
	w.do(staging.Action{Verb: staging.Set, Name: "login", Title: new("old title"), Set: map[string]string{"WELCOME": "old welcome"}})
	address := "postgres://shop" + ":hunter2@db/shop"
	record := w.files("login")[staging.RecordPath("login")]
	record = strings.NewReplacer("old title", keyID, "old welcome", address, "    app:\n", "    app:\n      DB_PASSWORD: opensesame\n").Replace(record)
	old := w.push(staging.File{Path: staging.RecordPath("login"), Data: []byte(record)})
	w.refused(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "uses " + "gh" + "p_" + strings.Repeat("aB3d", 9)})
	for _, a := range []staging.Action{
		{Verb: staging.Set, Set: map[string]string{"LOG_LEVEL": "debug", "DB_PASSWORD": "opensesame"}}, // a page sends unchanged values too
		{Verb: staging.PinVerb, Reason: "demo"},
		{Verb: staging.Unpin},
		{Verb: staging.Set, Title: new("new title")},
		{Verb: staging.Unset, Unset: []string{"WELCOME", "DB_PASSWORD"}},
	} {
		a.Name = "login"
		w.do(a)
	}
	messages, err := exec.CommandContext(t.Context(), "git", "-C", w.path, "log", "--format=%B").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{keyID, "hunter2", "opensesame"} {
		if strings.Contains(string(messages), secret) {
			t.Errorf("a commit message holds %s:\n%s", secret, messages)
		}
	}
	if err := w.refused(staging.Action{Verb: staging.Rollback, Name: "login", To: old.String()}); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("a rollback brings the secret back: %v", err)
	}
}

// Lint reports the secrets that the env repo holds already, also of forms that make no
// record invalid: each once, in the file that it comes from.
func TestLintReportsEverySecret(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputRendered)
	w.do(login("1f2e3d4"))
	password, token := "postgres://shop"+":hunter2@db/shop", "hv"+"s."+strings.Repeat("aB3dE6gH9k", 9)
	template, err := w.tip().ReadFile("templates/shop/backend.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.push(
		staging.File{Path: "templates/shop/backend.yaml", Data: append([]byte("# "+password+"\n"), template...)},
		staging.File{Path: "envs/login/notes.txt", Data: []byte("see " + password + "\ntoken: " + token + "\n")},
	)
	problems, err := w.Lint(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, p := range problems {
		text := p.String()
		if strings.Contains(p.Message, "contains a") {
			found = append(found, text)
		}
		if strings.Contains(text, "hunter2") || strings.Contains(text, token) {
			t.Errorf("the report holds the secret: %s", text)
		}
	}
	const hint = ": revoke it if it is real, and keep it in a Secret of the cluster"
	want := []string{"templates/shop/backend.yaml:1: contains a password in an address" + hint, "envs/login/notes.txt:2: token: contains a Vault token" + hint}
	if !slices.Equal(found, want) {
		t.Errorf("found %q", found)
	}
}

// The door of the env repo looks at everything that a commit adds, whatever asks for it.
func TestTheDoorLooksAtEveryFile(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	for name, e := range map[string]envrepo.Edit{
		"file":    {Verb: "edit", Write: []staging.File{{Path: "templates/x.yaml", Data: []byte("a: b\ntoken: " + keyID + "\n")}}},
		"subject": {Verb: "edit", Subject: keyID, Write: []staging.File{{Path: "x", Data: []byte("x")}}},
		"key":     {Verb: "edit", Key: keyID, Write: []staging.File{{Path: "x", Data: []byte("x")}}},
		"path":    {Verb: "edit", Write: []staging.File{{Path: keyID + "/x", Data: []byte("x")}}},
		"author":  {Verb: "edit", By: staging.Person{Name: keyID}, Write: []staging.File{{Path: "x", Data: []byte("x")}}},
	} {
		_, err := w.repo.Change(t.Context(), func(context.Context, *envrepo.Tree) (envrepo.Edit, error) { return e, nil })
		if err == nil || strings.Contains(err.Error(), keyID) || !strings.Contains(err.Error(), "an AWS access key") {
			t.Errorf("%s: %v", name, err)
		}
		if name == "file" && err != nil && !strings.Contains(err.Error(), "templates/x.yaml:2: token: ") {
			t.Errorf("the refusal does not name the place: %v", err)
		}
	}
}

// The key of a repeated request is random, but no secret: its trailer stops no commit.
func TestTheKeyOfARequestIsNoSecret(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	for range 200 {
		by := ada
		by.Key = rand.Text()
		title := "title " + by.Key[:3]
		if _, err := w.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Set, Name: "login", Title: &title}, By: by}); err != nil {
			t.Fatalf("key %s: %v", by.Key, err)
		}
	}
}
