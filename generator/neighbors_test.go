package generator_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"octopod/generator/envrepo"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// twoProjects returns the projects shop and shop-api in two branches of one repository.
func twoProjects(t *testing.T, renderer *render.Renderer, engine project.Engine, output project.Output) []*fixture {
	path := filepath.Join(t.TempDir(), "env.git")
	if err := gitstore.InitBare(t.Context(), path, "main"); err != nil {
		t.Fatal(err)
	}
	nothing := testenv.Git(t, path, "hash-object", "-w", "-t", "tree", os.DevNull)
	first := testenv.Git(t, path, "commit-tree", "-m", "an empty env repo", nothing)
	var projects []*fixture
	for _, p := range [][2]string{{"main", "shop"}, {"second", "shop-api"}} {
		testenv.Git(t, path, "update-ref", "refs/heads/"+p[0], first)
		w := joinBranch(t, path, p[0], renderer)
		_, err := w.Init(t.Context(), setup.InitRequest{Name: p[1], Engine: engine, Output: output, BaseDomain: "staging.example.com",
			RepoURL: "https://git.example.com/acme/shop-stagings.git", By: ada})
		if err != nil {
			t.Fatal(err)
		}
		projects = append(projects, w)
	}
	return projects
}

// Two projects of one repository, or of one server, own no name in the cluster together.
func TestNoTwoProjectsOwnOneName(t *testing.T) {
	projects := twoProjects(t, newRenderer(t), project.EngineKustomize, project.OutputSource)
	shop, api := projects[0], projects[1]
	shop.do(login("1f2e3d4"))
	shop.do(staging.Action{Verb: staging.Deploy, Branch: "feature/api-cart"})
	want := map[string]string{
		"login": "staging login would own the host api-login.staging.example.com together with staging login of project shop",
		"cart":  "staging cart would own the host api-cart.staging.example.com together with staging api-cart of project shop",
	}
	for name, text := range want {
		if err := api.refused(staging.Action{Verb: staging.Deploy, Branch: "feature/" + name}); staging.CodeOf(err) != staging.CodeExists || err.Error() != text {
			t.Errorf("%s: %v", name, err)
		}
	}
	api.replace(project.File, "baseDomain: staging.example.com", "baseDomain: api.example.com")
	if err := api.refused(staging.Action{Verb: staging.Deploy, Branch: "feature/cart"}); !strings.Contains(err.Error(), "namespace shop-api-cart together with staging api-cart of project shop") {
		t.Error(err)
	}
	api.do(staging.Action{Verb: staging.Deploy, Branch: "feature/login"})
	problems, err := shop.Lint(t.Context(), nil)
	if err != nil || !slices.ContainsFunc(problems, func(p staging.Problem) bool {
		return p.Field == "spec.naming.namespace" && strings.Contains(p.Message, "the namespaces shop-* overlap with shop-api-* of project shop-api (branch second)")
	}) {
		t.Errorf("lint: %v, %v", problems, err)
	}
	api.replace(project.File, "baseDomain: api.example.com", "baseDomain: staging.example.com")
	problems, err = shop.Lint(t.Context(), nil)
	if err != nil || !slices.ContainsFunc(problems, func(p staging.Problem) bool {
		return p.File == "envs/login/staging.yaml" && strings.Contains(p.Message, "staging login of project shop-api (branch second) owns the host")
	}) {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

// The projects that one server serves are compared as well.
func TestProjectsOfOneServerOwnNoNameTogether(t *testing.T) {
	shop, other := shop(t, project.EngineKustomize, project.OutputSource), shop(t, project.EngineKustomize, project.OutputSource)
	other.replace(project.File, "name: shop\n", "name: store\n")
	shop.do(login("1f2e3d4"))
	other.Served = func(context.Context) map[string]*envrepo.Tree {
		return map[string]*envrepo.Tree{"env repo one": shop.tip()}
	}
	if err := other.refused(login("1f2e3d4")); !strings.Contains(err.Error(), "staging login of project shop") {
		t.Error(err)
	}
}

// An AppProject of somebody else that allows the namespaces of the project is a finding. One
// of another cluster, or for all namespaces, is none.
func TestLintFindsAnOverlappingAppProject(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	for destination, found := range map[string]bool{
		"{namespace: 'shop-api-*', server: 'https://kubernetes.default.svc'}": true,
		"{namespace: shop-prod}":                                    true,
		"{namespace: 'shop-*', server: 'https://prod.example.com'}": false,
		"{namespace: '*'}":                                          false,
		"{namespace: 'web-*'}":                                      false,
	} {
		text := "kind: ConfigMap\n---\napiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: shop-api}\nspec:\n  destinations: [" + destination + "]\n"
		w.write(staging.File{Path: "argocd/others.yaml", Data: []byte(text)})
		problems, err := w.Lint(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.ContainsFunc(problems, func(p staging.Problem) bool {
			return strings.Contains(p.Message, "AppProject shop-api: its namespaces")
		}); got != found {
			t.Errorf("%s: found %v in %v", destination, got, problems)
		}
	}
}
