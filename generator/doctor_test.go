package generator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/doctor"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv/testargo"
)

// find returns the findings of one check.
func find(t *testing.T, g *generator.Stagings, check string) []doctor.Finding {
	t.Helper()
	findings, err := g.Diagnose(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var found []doctor.Finding
	for _, f := range findings {
		if f.Check == check {
			found = append(found, f)
		}
	}
	return found
}

func TestDiagnose(t *testing.T) {
	notFound := staging.Errorf(staging.CodeNotFound, "none")
	tests := []struct {
		name   string
		with   func(w *fixture, a *testargo.ArgoCD, revision string)
		check  string
		health doctor.Health
		says   string
		mend   string
	}{
		{"all is well: the env repo", func(*fixture, *testargo.ArgoCD, string) {}, "read the env repo", doctor.OK, "at ", ""},
		{"all is well: a push", func(*fixture, *testargo.ArgoCD, string) {}, "write the env repo", doctor.OK, "would be accepted", ""},
		{"all is well: Argo CD", func(*fixture, *testargo.ArgoCD, string) {}, "ask Argo CD", doctor.OK, "Applications: 1", ""},
		{"all is well: Applications", func(*fixture, *testargo.ArgoCD, string) {}, "Applications", doctor.OK, "each staging has one", ""},
		{"all is well: it looks", func(*fixture, *testargo.ArgoCD, string) {}, "look at once", doctor.OK, "shop-login was compared", ""},
		{"octopod.yaml is broken", func(w *fixture, _ *testargo.ArgoCD, _ string) {
			w.write(staging.File{Path: project.File, Data: []byte("kind: [")})
		}, project.File, doctor.Fault, "octopod.yaml", ""},
		{"Argo CD's files are old", func(w *fixture, _ *testargo.ArgoCD, _ string) {
			w.write(staging.File{Path: argocd.AppProjectPath, Data: []byte("old")})
		}, "Argo CD's files", doctor.Warning, "do not match octopod.yaml", "lint --fix"},
		{"Argo CD is away", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetError(staging.Errorf(staging.CodeUnavailable, "refused"))
		},
			"ask Argo CD", doctor.Fault, "refused", ""},
		{"the cluster is away", func(_ *fixture, a *testargo.ArgoCD, _ string) { a.LoseCluster(errors.New("no route to host")) },
			"the cluster", doctor.Fault, "cannot reach the cluster of shop-login: no route to host", "argocd cluster list"},
		{"a permission is missing", func(_ *fixture, a *testargo.ArgoCD, _ string) { a.SetMissing(argocd.Permissions()[:1]...) },
			"rights in Argo CD", doctor.Fault, "may not get applications", "p, octopod, applications, get, shop/*, allow"},
		{"no AppProject", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetInstalled(argocd.Installed{Path: argocd.AppProjectPath, Err: notFound})
		}, argocd.AppProjectPath, doctor.Fault, "does not have it", "kubectl apply -n argocd -f argocd/appproject.yaml"},
		{"an AppProject that allows everything", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetInstalled(argocd.Installed{Path: argocd.AppProjectPath, TooPermissive: true})
		}, argocd.AppProjectPath, doctor.Warning, "allows more", "kubectl apply"},
		{"what the account may not see", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetInstalled(argocd.Installed{Path: argocd.AppProjectPath, Err: staging.Errorf(staging.CodeForbidden, "no")})
		}, argocd.AppProjectPath, doctor.Unknown, "may not read it", ""},
		{"an Application of somebody else", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetForeign(argocd.Foreign{Object: "Application shop-prod", Conflict: "a staging prod would take it over", Staging: "prod"})
		}, "names in Argo CD", doctor.Warning, "Application shop-prod exists: a staging prod would take it over", "add prod to spec.argocd.exclude"},
		{"an overlapping AppProject", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetForeign(argocd.Foreign{Object: "AppProject shop-api", Conflict: "its namespaces shop-api-* overlap with shop-* of this project"})
		}, "names in Argo CD", doctor.Warning, "AppProject shop-api exists", "spec.naming.namespace"},
		{"a directory without a record", func(w *fixture, _ *testargo.ArgoCD, _ string) {
			w.write(staging.File{Path: "envs/prod/kustomization.yaml", Data: []byte("resources: []\n")})
		}, "directories in envs", doctor.Fault, "envs/prod has no record, but Argo CD syncs it as Application shop-prod", "octopod rollback prod"},
		{"an Application for a directory without a record", func(w *fixture, a *testargo.ArgoCD, _ string) {
			w.write(staging.File{Path: "envs/prod/kustomization.yaml", Data: []byte("resources: []\n")})
			a.Put("prod", func(*staging.Application) {})
		}, "Applications without a record", doctor.Fault, "Argo CD made Application shop-prod for envs/prod, which has no record", "first release it"},
		{"an AppProject of somebody else", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.SetForeign(argocd.Foreign{Object: "AppProject shop", Conflict: "Octopod's AppProject would replace it", Replaced: true})
		}, "names in Argo CD", doctor.Fault, "AppProject shop exists", "another name for the project"},
		{"an Application in a file", func(w *fixture, _ *testargo.ArgoCD, _ string) {
			w.write(staging.File{Path: "argocd/prod.yaml", Data: []byte("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: shop-prod}\n")})
		}, "names in Argo CD", doctor.Warning, "Application shop-prod is in argocd/prod.yaml", "add prod to spec.argocd.exclude"},
		{"a staging that was edited by hand", func(w *fixture, _ *testargo.ArgoCD, _ string) {
			w.write(staging.File{Path: "envs/login/kustomization.yaml", Data: append(w.read("envs/login/kustomization.yaml"), "# by hand\n"...)})
		}, "edited by hand", doctor.Warning, "the files of login are not what", "octopod regenerate login"},
		{"a staging without Application", func(w *fixture, _ *testargo.ArgoCD, _ string) {
			w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
		}, "Applications", doctor.Fault, "1 of 2 stagings have no Application", "a minute"},
		{"a staging without Application, and Argo CD says why", func(w *fixture, a *testargo.ArgoCD, _ string) {
			w.do(staging.Action{Verb: staging.Deploy, Branch: "feature/other"})
			a.SetFault("repository not found")
		}, "Applications", doctor.Fault, "1 of 2 stagings have no Application: other: repository not found", "spec.argocd"},
		{"a refused Application", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.Put("login", func(app *staging.Application) {
				app.Conditions = []staging.Condition{{Type: "InvalidSpecError", Message: "project shop does not exist"}}
			})
		}, "Applications", doctor.Warning, "shop-login is refused: project shop does not exist", "AppProject"},
		{"a deletion that hangs", func(w *fixture, a *testargo.ArgoCD, _ string) {
			a.Put("login", func(app *staging.Application) { at := w.clock.Now().Add(-time.Hour); app.DeletedAt = &at })
		}, "Applications", doctor.Warning, "shop-login is being deleted since", "octopod get login"},
		{"a sync that hangs", func(w *fixture, a *testargo.ArgoCD, _ string) {
			a.Put("login", func(app *staging.Application) {
				app.Operation = &staging.Operation{Phase: "Running", StartedAt: w.clock.Now().Add(-time.Hour), Waits: []string{"Job/migrate"}}
			})
		}, "Applications", doctor.Warning, "waits for Job/migrate", "octopod terminate login"},
		{"automated sync is off", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.Put("login", func(app *staging.Application) { app.ManualSync = true })
		}, "Applications", doctor.Warning, "shop-login does not sync automatically", "enable automated sync"},
		{"a sync window", func(w *fixture, a *testargo.ArgoCD, _ string) {
			a.SetSyncBlock(staging.SyncBlock{Blocked: true, Until: time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)})
		}, "sync window", doctor.Warning, "allows no change of shop-login until 2026-03-01 20:00 UTC", "syncWindows"},
		{"an Application without staging", func(_ *fixture, a *testargo.ArgoCD, revision string) {
			a.Put("orphan", func(*staging.Application) {})
		}, "Applications", doctor.Warning, "1 Applications belong to no staging", ""},
		{"Argo CD cannot read the env repo", func(_ *fixture, a *testargo.ArgoCD, _ string) {
			a.Put("login", func(app *staging.Application) {
				app.Conditions = []staging.Condition{{Type: "ComparisonError", Message: "authentication required", Transient: true}}
			})
		}, "Applications", doctor.Fault, "authentication required", "credentials"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := shop(t, project.EngineKustomize, project.OutputSource)
			r := w.do(login("v1"))
			g, a, clock := withArgo(t, w)
			g.ArgoCD = argocd.Manifests
			a.SetRunning("login", r.Revision, clock.Now())
			tt.with(w, a, r.Revision)
			found := find(t, g, tt.check)
			if len(found) != 1 || found[0].Health != tt.health || !strings.Contains(found[0].Message, tt.says) || !strings.Contains(found[0].Fix, tt.mend) {
				t.Errorf("%s: %+v\nwant %s: %s → %s", tt.check, found, tt.health, tt.says, tt.mend)
			}
		})
	}
}

func TestDiagnoseWithoutArgoCD(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	if found := find(t, w.Stagings, "Argo CD"); len(found) != 1 || found[0].Health != doctor.Unknown {
		t.Errorf("%+v", found)
	}
}

// octopod.yaml can name sinks that the server does not have.
func TestDiagnoseNotifications(t *testing.T) {
	tests := []struct {
		name, notices string
		sinks         []string
		health        doctor.Health // "" for no finding
		says, mend    string
	}{
		{"nobody is named", "", []string{}, "", "", ""},
		{"forges have no names", "[{to: commit}]", []string{}, "", "", ""},
		{"all are there", "[{to: chat}, {to: commit}]", []string{"chat", "mail"}, doctor.OK, "has every sink", ""},
		{"one is not", "[{to: chat}, {to: mial}]", []string{"chat", "mail"}, doctor.Fault, `: spec.notify[1].to: this server has no sink "mial"; did you mean mail?`, "notify.sinks"},
		{"another server tells", "[{to: chat}]", []string{}, doctor.Warning, `this server has no sink "chat"`, "another server"},
		{"a command line cannot know", "[{to: chat}]", nil, doctor.Unknown, "a server", "doctor --server"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := shop(t, project.EngineKustomize, project.OutputSource)
			data, err := w.tip().ReadFile(project.File)
			if err != nil {
				t.Fatal(err)
			}
			if tt.notices != "" {
				w.write(staging.File{Path: project.File, Data: append(data, "  notify: "+tt.notices+"\n"...)})
			}
			if tt.sinks != nil {
				w.Sinks = func() []string { return tt.sinks }
			}
			found := find(t, w.Stagings, "who is told")
			if tt.health == "" {
				if len(found) > 0 {
					t.Errorf("%+v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Health != tt.health || !strings.Contains(found[0].Message, tt.says) || !strings.Contains(found[0].Fix, tt.mend) {
				t.Errorf("%+v", found)
			}
		})
	}
}

// A deleted staging is explained by its deletion, never by builds that did not come.
func TestExplainNamesTheDeletion(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	w.do(login("1f2e3d4"))
	w.do(staging.Action{Verb: staging.Delete, Name: "login", Reason: "branch feature/login is gone"})
	e, err := w.Explain(t.Context(), "feature/login")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(e.Summary, "login was deleted on") || !strings.Contains(e.Summary, "by Ada: branch feature/login is gone") {
		t.Errorf("summary %q", e.Summary)
	}
}

// An Argo CD that hangs costs each check its limit; the other findings are still there.
func TestDiagnoseOfAHangingArgoCD(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	r := w.do(login("v1"))
	g, a, clock := withArgo(t, w)
	a.SetRunning("login", r.Revision, clock.Now())
	resume := a.HangRefreshes()
	defer resume()
	began := time.Now()
	found := find(t, g, "look at once")
	if len(found) != 1 || found[0].Health != doctor.Fault || !strings.Contains(found[0].Message, "did not compare shop-login with git within 10s") {
		t.Errorf("%+v", found)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

// Exceeded budgets are warnings.
func TestDiagnoseBudgets(t *testing.T) {
	for _, tt := range []struct {
		budget string
		want   map[doctor.Health]string
	}{
		{"", nil},
		{"{stagingMonth: 30, month: 1}", map[doctor.Health]string{doctor.OK: "€ 0.40 this month so far"}},
		{"{stagingMonth: 20}", map[doctor.Health]string{doctor.Warning: "login costs € 29.20 a month as it is, and the budget of a staging is € 20.00"}},
		{"{month: 0.30}", map[doctor.Health]string{doctor.Warning: "all stagings cost € 0.40 this month, and the budget is € 0.30"}},
	} {
		w := shop(t, project.EngineKustomize, project.OutputSource)
		w.at(24, staging.Action{Verb: staging.Deploy, Name: "login", Branch: "feature/login"})
		w.addPrices()
		if tt.budget != "" {
			w.edit(project.File, "    currency: EUR\n", "    currency: EUR\n    budget: "+tt.budget+"\n")
		}
		w.clock.advance(10 * time.Hour) // 10 h × 0.04; 730 h × 0.04 = 29.20
		found := find(t, w.Stagings, "budget")
		if len(found) != len(tt.want) {
			t.Errorf("%s: %+v", tt.budget, found)
		}
		for _, f := range found {
			if f.Message != tt.want[f.Health] {
				t.Errorf("%s: %+v, want %v", tt.budget, f, tt.want)
			}
		}
	}
}
