package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A CI run writes the staging of its own branch, with images of its own repository, and
// only a run of the default branch itself moves the default image.
func TestARunIsBoundToItsOrigin(t *testing.T) {
	p := parse(t, shop)
	backend := func(branch string) staging.Action {
		return staging.Action{
			Verb: staging.Deploy, Name: "x", Branch: branch,
			Images: map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:1"}},
		}
	}
	frontend := backend("feature/login")
	frontend.Images = map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:1"}}
	spoofed := backend("feature/login")
	spoofed.Images = map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:1", Repository: "github.com/acme/other"}}
	login := &staging.Staging{Name: "x", Spec: staging.Spec{Branch: "feature/login"}}
	commit := strings.Repeat("1f2e3d4c", 5)
	ofCommit := func(a staging.Action, commit string) staging.Action {
		a.Images = map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:1", Commit: commit}}
		return a
	}
	from := func(repository, branch, event string) *project.RunOrigin {
		return &project.RunOrigin{Repository: "github.com/acme/" + repository, Branch: branch, Event: event}
	}
	at := func(o *project.RunOrigin) *project.RunOrigin { o.Commit = commit; return o }
	loose := func(o *project.RunOrigin, b project.Binding) *project.RunOrigin { o.Binding = b; return o }
	for _, tt := range []struct {
		name   string
		origin *project.RunOrigin
		before *staging.Staging
		action staging.Action
		want   string // in the refusal; "" is none
	}{
		{"no run", nil, login, backend("main"), ""},
		{"its own branch", from("backend", "feature/login", "push"), nil, backend("feature/login"), ""},
		{"its own staging", from("backend", "feature/login", "push"), login, staging.Action{Verb: staging.Archive, Name: "x"}, ""},
		{"another branch", from("backend", "feature/other", "push"), nil, backend("feature/login"), "belongs to branch feature/login"},
		{"the staging of another branch", from("backend", "feature/other", "push"), login, staging.Action{Verb: staging.Delete, Name: "x"}, "belongs to branch feature/login"},
		{"a tag", from("backend", "", "push"), nil, backend("feature/login"), "branch (none)"},
		{"another repository", from("other", "feature/login", "push"), nil, backend("feature/login"), "must be that of a service: github.com/acme/backend"},
		{"a staging of another repository", from("other", "feature/login", "push"), login, staging.Action{Verb: staging.Archive, Name: "x"}, "must be that of a service"},
		{"a service of nobody", from("backend", "feature/login", "push"), nil, frontend, "add spec.services.frontend.repository"},
		{"a build of another repository", from("backend", "feature/login", "push"), nil, spoofed, "names the repository github.com/acme/other"},
		{"its own commit", at(from("backend", "feature/login", "push")), nil, ofCommit(backend("feature/login"), commit), ""},
		{"its own commit, abbreviated", at(from("backend", "feature/login", "push")), nil, ofCommit(backend("feature/login"), commit[:7]), ""},
		{"a token without a commit", from("backend", "feature/login", "push"), nil, ofCommit(backend("feature/login"), "2a3b4c5"), ""},
		{"another commit", at(from("backend", "feature/login", "push")), nil, ofCommit(backend("feature/login"), "2a3b4c5"), "names commit 2a3b4c5"},
		{"a commit of one digit", at(from("backend", "feature/login", "push")), nil, ofCommit(backend("feature/login"), "1"), "names commit 1"},
		{"another commit of another branch, bound to its repository", loose(at(from("backend", "feature/other", "push")), project.BindRepository), login, ofCommit(backend("feature/login"), "2a3b4c5"), ""},
		{"its own repository", from("backend", "feature/login", "push"), login, staging.Action{Verb: staging.Delete, Name: "x", Repository: "github.com/acme/backend"}, ""},
		{"the builds of another repository", from("backend", "feature/login", "push"), login, staging.Action{Verb: staging.Set, Name: "x", Repository: "github.com/acme/frontend"}, "names the repository github.com/acme/frontend"},
		{"a token without a repository", &project.RunOrigin{Branch: "feature/login"}, nil, backend("feature/login"), "repository (unknown)"},
		{"the default branch", from("backend", "main", "push"), nil, backend("main"), ""},
		{"the default branch, by a person", from("backend", "main", "workflow_dispatch"), nil, backend("main"), ""},
		{"a dispatch of another repository", from("backend", "main", "repository_dispatch"), nil, backend("main"), "only a run of branch main itself"},
		{"after another workflow", from("backend", "main", "workflow_run"), nil, backend("main"), "only a run of branch main itself"},
		{"a pipeline of another project", from("backend", "main", "pipeline"), nil, backend("main"), "only a run of branch main itself"},
		{"a pull request of a fork's main", from("backend", "main", "pull_request"), nil, backend("main"), "only a run of branch main itself"},
		{"a merge queue", from("backend", "gh-readonly-queue/main/pr-1", "merge_group"), nil, backend("main"), "belongs to branch main"},
		{"a merge queue, bound to its repository", loose(from("backend", "gh-readonly-queue/main/pr-1", "merge_group"), project.BindRepository), nil, backend("main"), "only a run of branch main itself"},
		{"another branch, bound to its repository", loose(from("backend", "feature/other", "push"), project.BindRepository), login, backend("feature/login"), ""},
		{"another repository, bound to it", loose(from("other", "feature/login", "push"), project.BindRepository), login, backend("feature/login"), "must be that of a service"},
		{"not bound", loose(from("other", "feature/other", "pipeline"), project.BindNone), login, backend("main"), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.origin.Check(p, tt.before, tt.action)
			if tt.want == "" && err != nil || tt.want != "" && (staging.CodeOf(err) != staging.CodeForbidden || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}
