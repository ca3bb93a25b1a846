package generator_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/change"
	"octopod/generator/compare"
	forges "octopod/generator/forge"
	"octopod/generator/gitstore"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// appCommits makes a repository of the application beside the env repo, and returns commits
// of it: each follows the one before.
func (w *fixture) appCommits(subjects ...string) []string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "backend.git")
	testenv.Git(w.t, ".", "init", "--quiet", "--bare", "--initial-branch", "main", path)
	tree := testenv.Git(w.t, path, "hash-object", "-w", "-t", "tree", "/dev/null")
	var all []string
	for _, subject := range subjects {
		args := []string{"commit-tree", "-m", subject, tree}
		if len(all) > 0 {
			args = append(args, "-p", all[len(all)-1])
		}
		all = append(all, testenv.Git(w.t, path, args...))
	}
	testenv.Git(w.t, path, "update-ref", "refs/heads/main", all[0])
	testenv.Git(w.t, path, "update-ref", "refs/heads/login", all[len(all)-1])
	w.editProjectFile("github.com/acme/shop-backend", path)
	w.Logs = forges.New(w.path, gitstore.Options{}, nil, forges.NewRateLimiter(w.clock.Now))
	return all
}

// editProjectFile replaces a text in octopod.yaml.
func (w *fixture) editProjectFile(old, text string) {
	w.t.Helper()
	was := w.projectFile()
	if !strings.Contains(was, old) {
		w.t.Fatalf("octopod.yaml has no %q", old)
	}
	w.write(staging.File{Path: project.File, Data: []byte(strings.Replace(was, old, text, 1))})
}

// doAs is do by somebody else.
func (w *fixture) doAs(by rights.Actor, a staging.Action) {
	w.t.Helper()
	w.clock.advance(time.Minute)
	if _, err := w.Apply(w.t.Context(), change.Request{Action: a, By: by}); err != nil {
		w.t.Fatalf("%s %s: %v", a.Verb, a.Name, err)
	}
}

// What is new since a test: the commits of the application's repository, and the settings;
// since an earlier version, against the defaults and against another staging as well.
func TestWhatIsNew(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	commits := w.appCommits("base", "New cart (#42)", "Fix prices", "Round prices")
	build := func(commit string) staging.Action {
		a := staging.Action{Verb: staging.Deploy, Branch: "login"}
		a.Images = map[string]staging.Build{"backend": {Image: "registry.example.com/shop/backend:" + commit[:7], Commit: commit}}
		return a
	}
	first := w.do(build(commits[1]))
	quinn := rights.Actor{Person: staging.Person{Name: "Quinn", Email: "quinn@example.com"}, Via: staging.ViaWeb}
	w.doAs(quinn, staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Tested})
	w.do(build(commits[3]))
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	w.doAs(ada, staging.Action{Verb: staging.Mark, Name: "login", Outcome: staging.Broken})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "other"})

	for name, tt := range map[string]struct {
		query             compare.Query
		commits, settings int
		by                string
	}{
		"anybody's mark": {compare.Query{SinceMark: true}, 0, 0, "Ada"},
		"own mark":       {compare.Query{SinceMark: true, Tester: quinn.Person}, 2, 1, "Quinn"},
		"a revision":     {compare.Query{Revision: first.Revision}, 2, 1, "Ada"},
		"two revisions":  {compare.Query{Revision: first.Revision, Until: first.Revision}, 0, 0, "Ada"},
		"the defaults":   {compare.Query{}, 3, 1, ""},
		"another":        {compare.Query{With: "other"}, 3, 1, "Ada"},
	} {
		tt.query.Name = "login"
		got, err := w.Compare(t.Context(), tt.query)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var found []compare.Commit
		for _, s := range got.Services {
			found = append(found, s.Commits...)
			if s.Unknown != "" {
				t.Errorf("%s: %s", name, s.Unknown)
			}
		}
		if len(found) != tt.commits || len(got.Settings) != tt.settings || got.From.By != tt.by {
			t.Errorf("%s: %+v", name, got)
		}
		if tt.commits > 0 && found[0].Subject != "Round prices" {
			t.Errorf("%s: first is %q", name, found[0].Subject)
		}
	}
}

// A changed default that is pending does not run, so it is not new; once the staging is
// regenerated, it is.
func TestAPendingDefaultIsNotNewYet(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	w.do(broken("no button"))
	w.editProjectFile("default: info", "default: warn")
	w.do(staging.Action{Verb: staging.PinVerb, Name: "login", Reason: "demo"})
	since := compare.Query{Name: "login", SinceMark: true}
	if got, err := w.Compare(t.Context(), since); err != nil || len(got.Settings) != 0 {
		t.Errorf("pending: %+v, %v", got.Settings, err)
	}
	w.do(staging.Action{Verb: staging.Restart, Name: "login"})
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"PAYMENT_GATEWAY": "production"}})
	got, err := w.Compare(t.Context(), since)
	if err != nil || len(got.Settings) != 2 {
		t.Errorf("generated: %+v, %v", got.Settings, err)
	}
}

// A role that sees no versions gets none from a comparison, and nobody compares with a
// staging that they may not read.
func TestAComparisonIsRedacted(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("v1"))
	w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "secret"})
	w.editProjectFile("spec:\n", "spec:\n  ui: {visible: {services: admin, settings: user}}\n")
	feed := live.NewFeed(w.Stagings, w.clock.Now)
	for role, want := range map[project.Role][2]int{project.RoleViewer: {0, 0}, project.RoleUser: {0, 1}, project.RoleAdmin: {1, 1}} {
		a := w.As(rights.Actor{Person: ada.Person, Rights: oneStaging{role}}, feed)
		got, err := a.Compare(context.Background(), compare.Query{Name: "login"})
		if err != nil || [2]int{len(got.Services), len(got.Settings)} != want {
			t.Errorf("%s: %+v, %v", role, got, err)
		}
		if _, err := a.Compare(context.Background(), compare.Query{Name: "login", With: "secret"}); staging.CodeOf(err) != staging.CodeForbidden {
			t.Errorf("%s compares with a staging that they may not read: %v", role, err)
		}
	}
}

// oneStaging is the right to read the staging login.
type oneStaging struct{ role project.Role }

func (r oneStaging) Role(*project.Project) project.Role { return r.role }

func (r oneStaging) Check(_ *project.Project, _ staging.Verb, name string) error {
	if name != "" && name != "login" {
		return staging.Errorf(staging.CodeForbidden, "not for you")
	}
	return nil
}
