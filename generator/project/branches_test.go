package project_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

func TestSkipReason(t *testing.T) {
	byPull := "from: pullRequest, "
	for _, tt := range []struct {
		name, rules string
		c           project.Candidate
		why         string // "" gets one
	}{
		{"any push", "", project.Candidate{Branch: "feature/login"}, ""},
		{"a pull request beside pushes", "", project.Candidate{Branch: "feature/login", Pull: true}, "only pushes create stagings"},
		{"one that is included", "include: [feature/*]", project.Candidate{Branch: "feature/a/b"}, ""},
		{"one that is not", "include: [feature/*]", project.Candidate{Branch: "fix/x"}, "include does not match it"},
		{"the default branch is no exception", "include: [feature/*]", project.Candidate{Branch: "main"}, "include does not match it"},
		{"one that is included and excluded", "include: [feature/*], exclude: ['*/wip-*']", project.Candidate{Branch: "feature/wip-1"}, "exclude matches it"},
		{"a bot", "", project.Candidate{Branch: "renovate/x", Bot: true}, "bots is off"},
		{"a bot that may", "bots: true", project.Candidate{Branch: "renovate/x", Bot: true}, ""},
		{"a push where pull requests count", byPull, project.Candidate{Branch: "feature/login"}, "only pull requests create stagings"},
		{"a push of the default branch", byPull, project.Candidate{Branch: "main"}, ""},
		{"a pull request", byPull, project.Candidate{Branch: "feature/login", Pull: true}, ""},
		{"a draft", byPull, project.Candidate{Branch: "feature/login", Pull: true, Draft: true}, "drafts is off"},
		{"a draft that may", byPull + "drafts: true", project.Candidate{Branch: "feature/login", Pull: true, Draft: true}, ""},
		{"without the label", byPull + "labels: [staging, qa]", project.Candidate{Branch: "feature/login", Pull: true, Labels: []string{"bug"}}, "none of the labels"},
		{"with the label", byPull + "labels: [staging, qa]", project.Candidate{Branch: "feature/login", Pull: true, Labels: []string{"bug", "qa"}}, ""},
		{"a fork", byPull + "drafts: true, bots: true", project.Candidate{Branch: "feature/login", Pull: true, Fork: "github.com/mallory/shop"}, "fork github.com/mallory/shop"},
		{"a fork where pushes count", "", project.Candidate{Branch: "main", Pull: true, Fork: "github.com/mallory/shop"}, "fork github.com/mallory/shop"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			why := sweptWith(t, "}\n  branches: {"+tt.rules).SkipReason(tt.c)
			if (why == "") != (tt.why == "") || !strings.Contains(why, tt.why) {
				t.Errorf("%q, want %q", why, tt.why)
			}
		})
	}
}

func TestFaultyBranchRules(t *testing.T) {
	for rules, want := range map[string]string{
		"from: tag":                        "spec.branches.from: \"tag\" is not a branch source",
		"include: ['']":                    "spec.branches.include[0]: is empty",
		"labels: [qa]":                     "spec.branches.labels: applies to pull requests",
		"drafts: true":                     "spec.branches.drafts: applies to pull requests",
		"from: pullRequest, forks: always": "forks",
	} {
		_, err := project.Parse(fmt.Appendf(nil, swept, "}\n  branches: {"+rules))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "octopod.yaml:11") {
			t.Errorf("%s: %v", rules, err)
		}
	}
}

const commit = "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"

func TestImagesOfACommit(t *testing.T) {
	for _, tt := range []struct{ build, commit, want string }{
		{"r.example.com/shop/backend:{commit}", commit, "r.example.com/shop/backend:" + commit},
		{"r.example.com/shop/backend:sha-{shortCommit}", commit, "r.example.com/shop/backend:sha-1f2e3d4"},
		{"r.example.com/shop/backend:{commit}", commit[:12], ""},
		{"", commit, ""},
	} {
		if got := (project.Service{Build: tt.build}).ImageOf(tt.commit); got != tt.want {
			t.Errorf("%s of %s: %s", tt.build, tt.commit, got)
		}
	}
}

// The image must depend on the commit.
func TestFaultyBuilds(t *testing.T) {
	for build, want := range map[string]string{
		"r/backend:latest":          "is the same for every commit",
		"r/backend:{name}-{commit}": "an unknown placeholder",
		"r/backend:{branch}":        "an unknown placeholder",
		"R/Backend:{commit}":        "is not an image reference",
		"{commit}":                  "has neither a tag nor a digest",
	} {
		text := strings.Replace(fmt.Sprintf(swept, ""), "image: r/backend:main", "build: '"+build+"'", 1)
		if _, err := project.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "spec.services.backend.build") {
			t.Errorf("%s: %v", build, err)
		}
	}
	text := strings.Replace(fmt.Sprintf(swept, ""), "repository: git.example.com/acme/backend, image: r/backend:main", "build: 'r/b:{commit}'", 1)
	if _, err := project.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), "requires repository") {
		t.Errorf("a build of nowhere: %v", err)
	}
}

const (
	backendRepo  = "git.example.com/acme/backend"
	frontendRepo = "git.example.com/acme/frontend"
)

// A closed pull request archives its staging, unless another repository has the branch.
func TestDecideClosedPullRequest(t *testing.T) {
	p := sweptWith(t, "")
	gone := map[string][]string{frontendRepo: {"main"}}
	for _, tt := range []struct {
		name     string
		record   staging.Staging
		branches map[string][]string
		step     project.Step
		reason   string
	}{
		{"nobody else has it", record("a"), gone, project.StepArchive, "pull request 7 is closed"},
		{"its own repository is not asked", record("a"), map[string][]string{frontendRepo: {"main"}, backendRepo: {"b/a"}}, project.StepArchive, "closed"},
		{"another repository has it", record("a"), map[string][]string{frontendRepo: {"main", "b/a"}}, project.StepKeep, "frontend still has the branch"},
		{"another repository is away", record("a"), nil, project.StepKeep, "cannot list the branches"},
		{"it is kept", record("a", kept(nil)), gone, project.StepKeep, "kept by Bob"},
		{"it is permanent", record("forever"), gone, project.StepKeep, "permanent"},
		{"it is archived already", record("a", archived(day)), gone, project.StepKeep, "it is archived"},
	} {
		d := p.DecideClosedPullRequest(tt.record, backendRepo, "pull request 7 is closed", project.SweepInput{Now: now, Branches: tt.branches})
		if d.Step != tt.step || !strings.Contains(d.Reason, tt.reason) {
			t.Errorf("%s: %+v", tt.name, d)
		}
	}
}

// The event of a deleted branch counts as the list of branches of its repository, but
// not of the others. A new staging has no grace period then.
func TestDecideDeletedBranch(t *testing.T) {
	p := sweptWith(t, "")
	fresh := record("a", woken(0))
	lost := project.DeletedBranch{Repository: backendRepo, Branch: "b/a"}
	for _, tt := range []struct {
		name     string
		lost     project.DeletedBranch
		branches map[string][]string
		want     project.Step
	}{
		{"told, and the other has it not", lost, map[string][]string{frontendRepo: {"main"}}, project.StepArchive},
		{"asked, too, and it has it not", lost, map[string][]string{frontendRepo: {"main"}, backendRepo: {"main"}}, project.StepArchive},
		{"asked, too, and it is back", lost, map[string][]string{frontendRepo: {"main"}, backendRepo: {"main", "b/a"}}, project.StepKeep},
		{"the other has it", lost, map[string][]string{frontendRepo: {"main", "b/a"}}, project.StepKeep},
		{"the other is away", lost, nil, project.StepKeep},
		{"only asked", project.DeletedBranch{}, map[string][]string{frontendRepo: {"main"}, backendRepo: {"main"}}, project.StepWarn},
		{"told of another branch", project.DeletedBranch{Repository: backendRepo, Branch: "b/b"}, map[string][]string{frontendRepo: {"main"}}, project.StepKeep},
	} {
		input := project.SweepInput{Now: now, MaxShare: 25, Branches: tt.branches, Deleted: tt.lost}
		if d := p.Sweep([]staging.Staging{fresh}, input)[0]; d.Step != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, d, tt.want)
		}
	}
}

// The example in docs/webhooks.md is valid.
func TestExampleOfDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```yaml\nspec:\n")
	block, _, found := strings.Cut(block, "```")
	p, err := project.Parse([]byte("apiVersion: octopod.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\nspec:\n" +
		"  engine: kustomize\n  hosts: {baseDomain: staging.example.com}\n" + block))
	if err != nil || !found {
		t.Fatal(err)
	}
	if got := p.Spec.Services["backend"].ImageOf(commit); got != "registry.example.com/shop/backend:"+commit || p.SkipReason(project.Candidate{Branch: "feature/x"}) != "" {
		t.Errorf("it means %s", got)
	}
}
