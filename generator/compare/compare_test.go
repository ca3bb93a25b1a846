package compare_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"octopod/generator/compare"
	"octopod/generator/project"
	"octopod/generator/staging"
)

const octopodYAML = `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  argocd: {repoURL: https://git.example.com/acme/envs.git}
  services:
    backend: {title: API, repository: github.com/acme/backend, image: "registry.example.com/shop/backend:main", host: "api-{name}"}
    frontend: {title: Shop, repository: gitlab.example.com/acme/frontend, image: "registry.example.com/shop/frontend:main", host: "{name}"}
  parameters:
    LOG_LEVEL: {type: enum, allowed: [info, debug], default: info, title: Log level}
    PAYMENTS: {type: enum, allowed: [sandbox, production], default: sandbox, risky: [production], title: Payments}
    SHOP_NAME: {default: Acme}
    API_PASSWORD: {default: ""}
`

func shop(t *testing.T) *project.Project {
	t.Helper()
	p, err := project.Parse([]byte(octopodYAML))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func login(image, commit string, set staging.Values) staging.Staging {
	return staging.Staging{Name: "login", Spec: staging.Spec{Branch: "login", State: staging.Active, Overrides: staging.Overrides{App: set}, Services: map[string]staging.Service{
		"backend":  {Image: "registry.example.com/shop/backend:" + image, Commit: commit, From: staging.FromBranch},
		"frontend": {Image: "registry.example.com/shop/frontend:main", From: staging.FromDefault},
	}}}
}

func side(p *project.Project, s staging.Staging) compare.State {
	return compare.State{Side: compare.Side{Staging: s.Name}, Record: s, Project: p}
}

// A comparison has the versions and the effective settings that differ, risky ones first, and
// nothing that is the same: also where a default is written out.
func TestOnlyWhatDiffers(t *testing.T) {
	p := shop(t)
	from := side(p, login("1f2e3d4", "1f2e3d4", staging.Values{"SHOP_NAME": "Acme", "LOG_LEVEL": "debug"}))
	to := side(p, login("5c0ffee", "5c0ffee", staging.Values{"PAYMENTS": "production", "SHOP_NAME": nil}))
	got := compare.Of(from, to)
	want := compare.Comparison{
		From: from.Side, To: to.Side,
		Services: []compare.ServiceChange{{
			Name: "backend", Title: "API", Repository: "github.com/acme/backend", URL: "https://github.com/acme/backend/compare/1f2e3d4...5c0ffee",
			From: staging.Version{Image: "registry.example.com/shop/backend:1f2e3d4", Commit: "1f2e3d4"},
			To:   staging.Version{Image: "registry.example.com/shop/backend:5c0ffee", Commit: "5c0ffee"},
		}},
		Settings: []compare.SettingChange{
			{Name: "PAYMENTS", Title: "Payments", From: "sandbox", To: "production", Risky: true},
			{Name: "LOG_LEVEL", Title: "Log level", From: "debug", To: "info"}, {Name: "SHOP_NAME", From: "Acme"},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(compare.ServiceChange{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if !compare.Of(from, from).Same() {
		t.Error("a state differs from itself")
	}
}

// A value that may be a secret is masked, and still listed.
func TestSecretsAreMasked(t *testing.T) {
	p := shop(t)
	got := compare.Of(compare.Defaults(p), side(p, login("main", "", staging.Values{"API_PASSWORD": "hunter2"})))
	if len(got.Settings) != 1 || strings.Contains(got.Settings[0].To, "hunter2") || got.Settings[0].To == "" {
		t.Errorf("%+v", got.Settings)
	}
}

// Against the defaults, the commits are those since the default branch.
func TestAgainstTheDefaults(t *testing.T) {
	p := shop(t)
	got := compare.Of(compare.Defaults(p), side(p, login("1f2e3d4", "1f2e3d4", nil)))
	if len(got.Services) != 1 || got.Services[0].URL != "https://github.com/acme/backend/compare/main...1f2e3d4" || got.From.Staging != "" {
		t.Errorf("%+v", got)
	}
	got.AddCommits(t.Context(), logs{"main..1f2e3d4": {"one", "two"}})
	if len(got.Services[0].Commits) != 2 {
		t.Errorf("%+v", got.Services[0])
	}
}

// logs are commits by repository range.
type logs map[string][]string

func (l logs) Between(_ context.Context, _, from, to string) (all []compare.Commit, more bool, err error) {
	messages, known := l[from+".."+to]
	if !known {
		return nil, false, errors.New("the repository does not know it")
	}
	for _, m := range messages {
		all = append(all, compare.NewCommit("abc", m, "Ada", time.Unix(1, 0)))
	}
	return all, false, nil
}

// A rollback lists the commits that are gone, and the reason where a repository lists none.
func TestCommitsOfAService(t *testing.T) {
	p := shop(t)
	for _, tt := range []struct {
		from, to, has    string
		commits, removed int
		unknown          string
	}{
		{"a", "b", "a..b", 2, 0, ""},
		{"b", "a", "a..b", 0, 2, ""},
		{"", "b", "", 0, 0, "It is not known"},
		{"a", "c", "a..b", 0, 0, "could not list"},
	} {
		c := compare.Of(side(p, login("v1"+tt.from, tt.from, nil)), side(p, login("v2"+tt.to, tt.to, nil)))
		in := logs{tt.has: {"Fix prices (#42)", "Merge pull request #7 from x/y\n\nNew cart"}}
		if tt.from == "b" {
			in["b..a"] = nil
		}
		c.AddCommits(t.Context(), in)
		s := c.Services[0]
		if len(s.Commits) != tt.commits || len(s.Removed) != tt.removed || !strings.Contains(s.Unknown, tt.unknown) || (tt.unknown == "") != (s.Unknown == "") {
			t.Errorf("%s..%s: %+v", tt.from, tt.to, s.Log)
		}
	}
}

// The message of a commit names its pull request, in the forms of the forges.
func TestPullRequestsOfMessages(t *testing.T) {
	for message, want := range map[string]struct {
		subject string
		number  int
	}{
		"Fix prices":                    {"Fix prices", 0},
		"Fix prices (#42)\n\nbody (#7)": {"Fix prices (#42)", 42},
		"Merge pull request #7 from a/b\n\nNew cart\nmore":                             {"New cart", 7},
		"Merge branch 'cart' into 'main'\n\nNew cart\n\nSee merge request acme/shop!9": {"New cart", 9},
		"Merged in cart (pull request #12)\n\nNew cart":                                {"Merged in cart (pull request #12)", 12},
		"Fix issue #3": {"Fix issue #3", 0},
	} {
		c := compare.NewCommit("abc", message, "Ada", time.Now())
		number := 0
		if c.PullRequest != nil {
			number = c.PullRequest.Number
		}
		if c.Subject != want.subject || number != want.number {
			t.Errorf("%q: %q #%d, want %q #%d", message, c.Subject, number, want.subject, want.number)
		}
	}
}

// The links of a commit lead to the forge of its repository.
func TestLinksOfTheForges(t *testing.T) {
	for repository, want := range map[string]string{
		"github.com/acme/backend":                        "https://github.com/acme/backend/commit/abc https://github.com/acme/backend/pull/42 https://github.com/acme/backend/compare/a...b",
		"git@gitlab.example.com:acme/shop/api.git":       "https://gitlab.example.com/acme/shop/api/-/commit/abc https://gitlab.example.com/acme/shop/api/-/merge_requests/42 https://gitlab.example.com/acme/shop/api/-/compare/a...b",
		"bitbucket.org/acme/backend":                     "https://bitbucket.org/acme/backend/commits/abc https://bitbucket.org/acme/backend/pull-requests/42 https://bitbucket.org/acme/backend/branches/compare/b%0Da",
		"http://ci:secret@git.example.com:3000/acme/api": "http://git.example.com:3000/acme/api/commit/abc http://git.example.com:3000/acme/api/pull/42 http://git.example.com:3000/acme/api/compare/a...b",
		"/srv/backend.git":                               "  ",
	} {
		p := shop(t)
		declared := p.Spec.Services["backend"]
		declared.Repository = repository
		p.Spec.Services["backend"] = declared
		c := compare.Of(side(p, login("v1", "a", nil)), side(p, login("v2", "b", nil)))
		c.AddCommits(t.Context(), logs{"a..b": {"Fix prices (#42)"}})
		one := c.Services[0]
		if got := one.Commits[0].URL + " " + one.Commits[0].PullRequest.URL + " " + one.URL; got != want {
			t.Errorf("%s:\n%s\nwant\n%s", repository, got, want)
		}
	}
}
