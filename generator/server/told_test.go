package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/auth"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/live"
	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/rights"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/status"
	"octopod/generator/testenv"
	"octopod/generator/testenv/testargo"
)

// A chat follows a staging of a real env repo: it comes up, a setting changes,
// it sleeps, it goes.
func TestLifeOfAStagingIsTold(t *testing.T) {
	repo := t.TempDir() + "/shop.git"
	if err := gitstore.InitBare(t.Context(), repo, "main"); err != nil {
		t.Fatal(err)
	}
	store, err := gitstore.Open(t.Context(), gitstore.Options{URL: repo, Committer: gitstore.Identity{Name: "Octopod", Email: "octopod@example.com"}, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	renderer := render.New(render.Options{Timeout: time.Minute})
	t.Cleanup(func() { _ = renderer.Close() })
	envs := envrepo.New(store)
	argo := testargo.New()
	stagings := generator.New(generator.Parts{
		Repo: envs, Renderer: renderer, ArgoCD: argocd.Manifests, Now: time.Now,
		Connect: func(*project.Project) (status.Cluster, error) { return argo, nil },
	})
	by := rights.Actor{Person: staging.Person{Name: "Ada"}, Via: staging.ViaCLI}
	if _, err := stagings.Init(t.Context(), setup.InitRequest{
		Name: "shop", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "staging.example.com", By: by,
	}); err != nil {
		t.Fatal(err)
	}
	_, err = envs.Change(t.Context(), func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		data, err := tree.ReadFile(project.File)
		text := strings.Replace(string(data), "spec:\n", "spec:\n  notify: [{to: chat}]\n", 1)
		return envrepo.Edit{Verb: "edit", By: staging.Person{Name: "Ada"}, Write: []staging.File{{Path: project.File, Data: []byte(text)}}}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{t: t, log: &lines{}, counted: make(chan string, 1000), now: time.Now()}
	d.feed = live.NewFeed(stagings, time.Now)
	d.background(d.feed.Run)
	url, told := testenv.Chat(t)
	d.read = stagings.Project
	d.server(Config{Notify: NotifyConfig{Sinks: []SinkConfig{{Name: "chat", Kind: notify.Slack, URL: auth.Secret{Env: "CHAT"}}}}}, map[string]string{"CHAT": url})
	if err := d.feed.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}

	const image = "registry.example.com/shop/backend:1f2e3d4"
	do := func(a staging.Action) {
		t.Helper()
		result, err := stagings.Apply(t.Context(), change.Request{Action: a, By: by})
		if err != nil {
			t.Fatal(err)
		}
		if result.Staging == nil {
			argo.Remove("login")
			return
		}
		var images []string
		if a.Verb != staging.Archive {
			images = []string{image, "registry.example.com/shop/frontend:main"}
		}
		argo.SetRunning("login", result.Revision, time.Now(), images...)
	}
	expect := func(want string) {
		t.Helper()
		d.wait("chat sent")
		if text := <-told; text != want {
			t.Errorf("told %q, want %q", text, want)
		}
	}
	do(staging.Action{Verb: staging.Deploy, Name: "login", Branch: "login", Images: map[string]staging.Build{"backend": {Image: image}}})
	expect("login runs")
	do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	expect("login runs")
	do(staging.Action{Verb: staging.Archive, Name: "login"})
	expect("login is archived")
	do(staging.Action{Verb: staging.Delete, Name: "login"})
	expect("login is deleted")
}
