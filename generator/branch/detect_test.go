package branch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/branch"
	"octopod/generator/staging"
)

const (
	head  = "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"
	merge = "ffffffffffffffffffffffffffffffffffffffff"
)

// variables reads lines of NAME=VALUE.
func variables(text string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			env[name] = value
		}
	}
	return env
}

// Each row sets the variables as documented by the system.
func TestDetect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, page, env string
		want            branch.Metadata
	}{
		{"GitLab CI: branch", "https://docs.gitlab.com/ci/variables/predefined_variables/", `
			CI=true
			GITLAB_CI=true
			CI_COMMIT_BRANCH=feature/login
			CI_COMMIT_REF_NAME=feature/login
			CI_COMMIT_SHA=` + head + `
			CI_COMMIT_TIMESTAMP=2026-11-20T10:00:00+01:00
			CI_PROJECT_URL=https://gitlab.example.com/acme/shop
			CI_PIPELINE_IID=42
			CI_JOB_URL=https://gitlab.example.com/acme/shop/-/jobs/7
			GITLAB_USER_NAME=Ada Lovelace
			GITLAB_USER_EMAIL=ada@example.com`,
			branch.Metadata{System: "GitLab CI", Branch: "feature/login", Commit: head, Repository: "gitlab.example.com/acme/shop",
				Committed: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC),
				Run:       staging.Run{Pipeline: "gitlab.example.com/acme/shop", Number: 42}, RunURL: "https://gitlab.example.com/acme/shop/-/jobs/7",
				Actor: staging.Person{Name: "Ada Lovelace", Email: "ada@example.com"}}},
		{"GitLab CI: merged-results pipeline", "https://docs.gitlab.com/ci/variables/predefined_variables/#predefined-variables-for-merge-request-pipelines", `
			GITLAB_CI=true
			CI_COMMIT_REF_NAME=refs/merge-requests/9/merge
			CI_COMMIT_SHA=` + merge + `
			CI_COMMIT_TIMESTAMP=2026-11-20T10:00:00+01:00
			CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=feature/login
			CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=` + head + `
			CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main
			CI_MERGE_REQUEST_IID=9
			CI_MERGE_REQUEST_TITLE=Log in with a passkey
			CI_MERGE_REQUEST_PROJECT_URL=https://gitlab.example.com/acme/shop
			CI_MERGE_REQUEST_PROJECT_PATH=acme/shop
			CI_MERGE_REQUEST_SOURCE_PROJECT_PATH=acme/shop
			CI_PROJECT_URL=https://gitlab.example.com/acme/shop
			CI_PIPELINE_IID=43`,
			branch.Metadata{System: "GitLab CI", Branch: "feature/login", Commit: head, Repository: "gitlab.example.com/acme/shop",
				Run: staging.Run{Pipeline: "gitlab.example.com/acme/shop", Number: 43},
				PullRequest: &staging.PullRequest{Number: 9, Title: "Log in with a passkey",
					URL: "https://gitlab.example.com/acme/shop/-/merge_requests/9"}}},
		{"GitLab CI: merge request of a fork", "https://docs.gitlab.com/ci/pipelines/merge_request_pipelines/#use-with-forked-projects", `
			GITLAB_CI=true
			CI_COMMIT_SHA=` + head + `
			CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=main
			CI_MERGE_REQUEST_IID=10
			CI_MERGE_REQUEST_PROJECT_URL=https://gitlab.example.com/acme/shop
			CI_MERGE_REQUEST_PROJECT_PATH=acme/shop
			CI_MERGE_REQUEST_SOURCE_PROJECT_PATH=mallory/shop
			CI_PROJECT_URL=https://gitlab.example.com/acme/shop`,
			branch.Metadata{System: "GitLab CI", Branch: "main", Commit: head, Repository: "gitlab.example.com/acme/shop", Fork: "mallory/shop",
				PullRequest: &staging.PullRequest{Number: 10, URL: "https://gitlab.example.com/acme/shop/-/merge_requests/10"}}},
		{"GitLab CI: tag", "https://docs.gitlab.com/ci/variables/predefined_variables/", `
			GITLAB_CI=true
			CI_COMMIT_TAG=v1.2
			CI_COMMIT_REF_NAME=v1.2
			CI_COMMIT_SHA=` + head + `
			CI_PROJECT_URL=https://gitlab.example.com/acme/shop`,
			branch.Metadata{System: "GitLab CI", Commit: head, Repository: "gitlab.example.com/acme/shop"}},

		{"Woodpecker: push", "https://woodpecker-ci.org/docs/usage/environment", `
			CI=woodpecker
			CI_PIPELINE_EVENT=push
			CI_COMMIT_BRANCH=feature/login
			CI_COMMIT_SHA=` + head + `
			CI_COMMIT_AUTHOR=ada
			CI_COMMIT_AUTHOR_EMAIL=ada@example.com
			CI_REPO_URL=https://codeberg.org/acme/shop
			CI_PIPELINE_NUMBER=8
			CI_PIPELINE_URL=https://ci.example.com/repos/7/pipeline/8`,
			branch.Metadata{System: "Woodpecker", Branch: "feature/login", Commit: head, Repository: "codeberg.org/acme/shop",
				Run: staging.Run{Pipeline: "codeberg.org/acme/shop", Number: 8}, RunURL: "https://ci.example.com/repos/7/pipeline/8",
				Actor: staging.Person{Name: "ada", Email: "ada@example.com"}}},
		{"Woodpecker: pull request", "https://woodpecker-ci.org/docs/usage/environment", `
			CI=woodpecker
			CI_PIPELINE_EVENT=pull_request
			CI_COMMIT_BRANCH=main
			CI_COMMIT_SOURCE_BRANCH=feature/login
			CI_COMMIT_TARGET_BRANCH=main
			CI_COMMIT_PULL_REQUEST=3
			CI_COMMIT_SHA=` + head + `
			CI_PIPELINE_FORGE_URL=https://codeberg.org/acme/shop/pulls/3
			CI_REPO_URL=https://codeberg.org/acme/shop`,
			branch.Metadata{System: "Woodpecker", Branch: "feature/login", Commit: head, Repository: "codeberg.org/acme/shop",
				PullRequest: &staging.PullRequest{Number: 3, URL: "https://codeberg.org/acme/shop/pulls/3"}}},

		{"Drone: pull request", "https://docs.drone.io/pipeline/environment/reference/", `
			CI=true
			DRONE=true
			DRONE_BUILD_EVENT=pull_request
			DRONE_BRANCH=main
			DRONE_SOURCE_BRANCH=feature/login
			DRONE_TARGET_BRANCH=main
			DRONE_PULL_REQUEST=3
			DRONE_PULL_REQUEST_TITLE=Passkeys
			DRONE_COMMIT_LINK=https://github.com/acme/shop/pull/3
			DRONE_COMMIT_SHA=` + head + `
			DRONE_COMMIT_AUTHOR_NAME=Ada Lovelace
			DRONE_COMMIT_AUTHOR_EMAIL=ada@example.com
			DRONE_REPO_LINK=https://github.com/acme/shop
			DRONE_BUILD_NUMBER=5
			DRONE_BUILD_LINK=https://drone.example.com/acme/shop/5`,
			branch.Metadata{System: "Drone", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop",
				Run: staging.Run{Pipeline: "github.com/acme/shop", Number: 5}, RunURL: "https://drone.example.com/acme/shop/5",
				PullRequest: &staging.PullRequest{Number: 3, Title: "Passkeys", URL: "https://github.com/acme/shop/pull/3"},
				Actor:       staging.Person{Name: "Ada Lovelace", Email: "ada@example.com"}}},

		{"Bitbucket Pipelines: pull request", "https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/", `
			CI=true
			BITBUCKET_BRANCH=feature/login
			BITBUCKET_COMMIT=` + head + `
			BITBUCKET_BUILD_NUMBER=12
			BITBUCKET_PR_ID=4
			BITBUCKET_PR_DESTINATION_BRANCH=main
			BITBUCKET_REPO_FULL_NAME=acme/shop
			BITBUCKET_GIT_HTTP_ORIGIN=http://bitbucket.org/acme/shop`,
			branch.Metadata{System: "Bitbucket Pipelines", Branch: "feature/login", Commit: head, Repository: "bitbucket.org/acme/shop",
				Run: staging.Run{Pipeline: "bitbucket.org/acme/shop", Number: 12}, RunURL: "https://bitbucket.org/acme/shop/pipelines/results/12",
				PullRequest: &staging.PullRequest{Number: 4, URL: "https://bitbucket.org/acme/shop/pull-requests/4"}}},
		{"Bitbucket Pipelines: tag", "https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/", `
			BITBUCKET_TAG=v1.2
			BITBUCKET_COMMIT=` + head + `
			BITBUCKET_BUILD_NUMBER=12
			BITBUCKET_GIT_HTTP_ORIGIN=http://bitbucket.org/acme/shop`,
			branch.Metadata{System: "Bitbucket Pipelines", Commit: head, Repository: "bitbucket.org/acme/shop",
				Run: staging.Run{Pipeline: "bitbucket.org/acme/shop", Number: 12}, RunURL: "https://bitbucket.org/acme/shop/pipelines/results/12"}},

		{"Jenkins: branch of a multibranch project", "https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables", `
			JENKINS_URL=https://ci.example.com/
			BRANCH_NAME=feature/login
			GIT_BRANCH=feature/login
			GIT_COMMIT=` + head + `
			GIT_URL=git@github.com:acme/shop.git
			JOB_NAME=shop/feature%2Flogin
			BUILD_NUMBER=3
			BUILD_URL=https://ci.example.com/job/shop/job/feature%252Flogin/3/`,
			branch.Metadata{System: "Jenkins", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop",
				Run:    staging.Run{Pipeline: "ci.example.com/shop/feature%2Flogin", Number: 3},
				RunURL: "https://ci.example.com/job/shop/job/feature%252Flogin/3/"}},
		{"Jenkins: pull request", "https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables", `
			JENKINS_URL=https://ci.example.com/
			BRANCH_NAME=PR-24
			CHANGE_ID=24
			CHANGE_BRANCH=feature/login
			CHANGE_TARGET=main
			CHANGE_TITLE=Passkeys
			CHANGE_URL=https://github.com/acme/shop/pull/24
			CHANGE_AUTHOR=ada
			CHANGE_AUTHOR_EMAIL=ada@example.com
			GIT_COMMIT=` + head,
			branch.Metadata{System: "Jenkins", Branch: "feature/login", Commit: head,
				Actor:       staging.Person{Name: "ada"},
				PullRequest: &staging.PullRequest{Number: 24, URL: "https://github.com/acme/shop/pull/24", Title: "Passkeys", Author: "ada"}}},
		{"Jenkins: pull request of a fork", "https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables", `
			JENKINS_URL=https://ci.example.com/
			BRANCH_NAME=PR-25
			CHANGE_ID=25
			CHANGE_BRANCH=main
			CHANGE_FORK=mallory`,
			branch.Metadata{System: "Jenkins", Branch: "main", Fork: "mallory", PullRequest: &staging.PullRequest{Number: 25}}},
		{"Jenkins: plain project with the git plugin", "https://plugins.jenkins.io/git/#plugin-content-environment-variables", `
			BUILD_TAG=jenkins-shop-7
			GIT_BRANCH=origin/feature/login
			GIT_COMMIT=` + head + `
			GIT_URL=https://github.com/acme/shop.git`,
			branch.Metadata{System: "Jenkins", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop"}},
		{"Jenkins: a commit without a branch", "https://plugins.jenkins.io/git/#plugin-content-environment-variables", `
			JENKINS_URL=https://ci.example.com/
			GIT_BRANCH=detached
			GIT_COMMIT=` + head,
			branch.Metadata{System: "Jenkins", Commit: head}},
		{"Jenkins: tag", "https://www.jenkins.io/doc/book/pipeline/multibranch/#additional-environment-variables", `
			JENKINS_URL=https://ci.example.com/
			BRANCH_NAME=v1.2
			TAG_NAME=v1.2`,
			branch.Metadata{System: "Jenkins"}},

		{"CircleCI: branch with a pull request", "https://circleci.com/docs/reference/variables/", `
			CI=true
			CIRCLECI=true
			CIRCLE_BRANCH=feature/login
			CIRCLE_SHA1=` + head + `
			CIRCLE_REPOSITORY_URL=git@github.com:acme/shop.git
			CIRCLE_PULL_REQUEST=https://github.com/acme/shop/pull/5
			CIRCLE_USERNAME=ada
			CIRCLE_BUILD_NUM=77
			CIRCLE_BUILD_URL=https://circleci.com/gh/acme/shop/77`,
			branch.Metadata{System: "CircleCI", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop",
				RunURL: "https://circleci.com/gh/acme/shop/77", Actor: staging.Person{Name: "ada"},
				PullRequest: &staging.PullRequest{Number: 5, URL: "https://github.com/acme/shop/pull/5"}}},
		{"CircleCI: pull request of a fork", "https://circleci.com/docs/reference/variables/", `
			CIRCLECI=true
			CIRCLE_BRANCH=pull/6
			CIRCLE_SHA1=` + head + `
			CIRCLE_PR_NUMBER=6
			CIRCLE_PR_REPONAME=shop
			CIRCLE_PR_USERNAME=mallory
			CIRCLE_PULL_REQUEST=https://github.com/acme/shop/pull/6`,
			branch.Metadata{System: "CircleCI", Branch: "pull/6", Commit: head, Fork: "mallory/shop",
				PullRequest: &staging.PullRequest{Number: 6, URL: "https://github.com/acme/shop/pull/6"}}},

		{"Azure Pipelines: branch", "https://learn.microsoft.com/azure/devops/pipelines/build/variables", `
			TF_BUILD=True
			BUILD_SOURCEBRANCH=refs/heads/feature/login
			BUILD_SOURCEBRANCHNAME=login
			BUILD_SOURCEVERSION=` + head + `
			BUILD_REPOSITORY_URI=https://acme@dev.azure.com/acme/shop/_git/shop
			BUILD_REPOSITORY_PROVIDER=TfsGit
			BUILD_REQUESTEDFOR=Ada Lovelace
			BUILD_REQUESTEDFOREMAIL=ada@example.com
			BUILD_BUILDID=99
			BUILD_DEFINITIONNAME=ci
			SYSTEM_COLLECTIONURI=https://dev.azure.com/acme/
			SYSTEM_TEAMPROJECT=shop`,
			branch.Metadata{System: "Azure Pipelines", Branch: "feature/login", Commit: head, Repository: "dev.azure.com/acme/shop/_git/shop",
				Run: staging.Run{Pipeline: "dev.azure.com/acme/shop/ci", Number: 99}, RunURL: "https://dev.azure.com/acme/shop/_build/results?buildId=99",
				Actor: staging.Person{Name: "Ada Lovelace", Email: "ada@example.com"}}},
		{"Azure Pipelines: pull request", "https://learn.microsoft.com/azure/devops/pipelines/build/variables#system-variables-devops-services", `
			TF_BUILD=True
			BUILD_SOURCEBRANCH=refs/pull/17/merge
			BUILD_SOURCEVERSION=` + merge + `
			SYSTEM_PULLREQUEST_PULLREQUESTID=1700
			SYSTEM_PULLREQUEST_PULLREQUESTNUMBER=17
			SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/feature/login
			SYSTEM_PULLREQUEST_SOURCECOMMITID=` + head + `
			SYSTEM_PULLREQUEST_ISFORK=False
			BUILD_REPOSITORY_URI=https://github.com/acme/shop
			BUILD_REPOSITORY_PROVIDER=GitHub
			SYSTEM_COLLECTIONURI=https://dev.azure.com/acme/
			SYSTEM_TEAMPROJECT=shop
			BUILD_BUILDID=98`,
			branch.Metadata{System: "Azure Pipelines", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop",
				Run: staging.Run{Pipeline: "dev.azure.com/acme/shop/", Number: 98}, RunURL: "https://dev.azure.com/acme/shop/_build/results?buildId=98",
				PullRequest: &staging.PullRequest{Number: 17, URL: "https://github.com/acme/shop/pull/17"}}},

		{"Buildkite: pull request of a fork", "https://buildkite.com/docs/pipelines/configure/environment-variables", `
			CI=true
			BUILDKITE=true
			BUILDKITE_BRANCH=mallory:main
			BUILDKITE_COMMIT=` + head + `
			BUILDKITE_REPO=git@github.com:acme/shop.git
			BUILDKITE_PULL_REQUEST=7
			BUILDKITE_PULL_REQUEST_REPO=https://github.com/mallory/shop.git
			BUILDKITE_ORGANIZATION_SLUG=acme
			BUILDKITE_PIPELINE_SLUG=shop
			BUILDKITE_BUILD_NUMBER=14
			BUILDKITE_BUILD_URL=https://buildkite.com/acme/shop/builds/14`,
			branch.Metadata{System: "Buildkite", Branch: "main", Commit: head, Repository: "github.com/acme/shop", Fork: "github.com/mallory/shop",
				Run: staging.Run{Pipeline: "buildkite.com/acme/shop", Number: 14}, RunURL: "https://buildkite.com/acme/shop/builds/14",
				PullRequest: &staging.PullRequest{Number: 7}}},
		{"Buildkite: a build of HEAD, started by hand", "https://buildkite.com/docs/pipelines/configure/environment-variables", `
			BUILDKITE=true
			BUILDKITE_BRANCH=feature/login
			BUILDKITE_COMMIT=HEAD
			BUILDKITE_PULL_REQUEST=false
			BUILDKITE_BUILD_CREATOR=Ada Lovelace
			BUILDKITE_BUILD_CREATOR_EMAIL=ada@example.com`,
			branch.Metadata{System: "Buildkite", Branch: "feature/login", Actor: staging.Person{Name: "Ada Lovelace", Email: "ada@example.com"}}},

		{"Travis CI: pull request", "https://docs.travis-ci.com/user/environment-variables/#default-environment-variables", `
			CI=true
			TRAVIS=true
			TRAVIS_BRANCH=main
			TRAVIS_COMMIT=` + merge + `
			TRAVIS_PULL_REQUEST=8
			TRAVIS_PULL_REQUEST_BRANCH=feature/login
			TRAVIS_PULL_REQUEST_SHA=` + head + `
			TRAVIS_PULL_REQUEST_SLUG=acme/shop
			TRAVIS_REPO_SLUG=acme/shop
			TRAVIS_BUILD_NUMBER=60
			TRAVIS_BUILD_WEB_URL=https://app.travis-ci.com/acme/shop/builds/1`,
			branch.Metadata{System: "Travis CI", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop",
				Run: staging.Run{Pipeline: "travis-ci.com/acme/shop", Number: 60}, RunURL: "https://app.travis-ci.com/acme/shop/builds/1",
				PullRequest: &staging.PullRequest{Number: 8, URL: "https://github.com/acme/shop/pull/8"}}},
		{"Travis CI: push", "https://docs.travis-ci.com/user/environment-variables/#default-environment-variables", `
			TRAVIS=true
			TRAVIS_BRANCH=feature/login
			TRAVIS_COMMIT=` + head + `
			TRAVIS_PULL_REQUEST=false
			TRAVIS_REPO_SLUG=acme/shop`,
			branch.Metadata{System: "Travis CI", Branch: "feature/login", Commit: head, Repository: "github.com/acme/shop"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, findings := branch.Detect(variables(tt.env), fstest.MapFS{}, branch.WorkTree{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("as %s says (-want +got):\n%s", tt.page, diff)
			}
			explained(t, got, findings)
		})
	}
}

// explained requires a finding for every value and for a missing branch.
func explained(t *testing.T, m branch.Metadata, findings []branch.Finding) {
	t.Helper()
	said := map[string]bool{}
	for _, f := range findings {
		if (f.Value == "") != (f.Why != "") || (f.Value == "") != (f.From == "") {
			t.Errorf("a finding says neither or both: %+v", f)
		}
		said[f.What] = true
	}
	for what, known := range map[string]bool{
		"branch": true, "commit": m.Commit != "", "repository": m.Repository != "", "pull request": m.PullRequest != nil,
		"fork": m.Fork != "", "run": m.Run.Number > 0, "actor": m.Actor.Name != "", "committed": !m.Committed.IsZero(),
	} {
		if known && !said[what] {
			t.Errorf("nobody says where %s comes from: %+v", what, findings)
		}
	}
}

func TestNoBranchIsExplained(t *testing.T) {
	t.Parallel()
	for env, want := range map[string]string{
		"GITLAB_CI=true\nCI_COMMIT_TAG=v1":                                     "v1 is a tag, not a branch",
		"GITHUB_ACTIONS=true\nGITHUB_REF=refs/tags/v1":                         "v1 is a tag, not a branch",
		"GITHUB_ACTIONS=true\nGITHUB_REF=refs/heads/gh-readonly-queue/main/p1": "belongs to the merge queue",
		"GITHUB_ACTIONS=true\nGITHUB_EVENT_NAME=issue_comment":                 "a comment belongs to no branch",
		"TF_BUILD=True\nBUILD_SOURCEBRANCH=refs/pull/1/merge":                  "refs/pull/1/merge is not a branch",
		"JENKINS_URL=x\nGIT_BRANCH=detached":                                   "without its branch",
		"JENKINS_URL=x\nBRANCH_NAME=PR-1\nCHANGE_ID=1":                         "CHANGE_BRANCH is not set",
		"BUILDKITE=true\nBUILDKITE_BRANCH=a..b":                                "not a valid git branch",
		"":                                                                     "neither a run of a supported CI system",
	} {
		m, findings := branch.Detect(variables(env), fstest.MapFS{}, branch.WorkTree{})
		var why []string
		for _, f := range findings {
			if f.What == "branch" {
				why = append(why, f.Why)
			}
		}
		if m.Branch != "" || !strings.Contains(strings.Join(why, "\n"), want) {
			t.Errorf("%q: branch %q because %q; want %q", env, m.Branch, why, want)
		}
	}
}

// Findings are public, and some CI systems put a token into the address of the repository.
func TestFindingsHoldNoToken(t *testing.T) {
	t.Parallel()
	m, findings := branch.Detect(map[string]string{
		"JENKINS_URL": "x", "GIT_URL_1": "https://ci:hunter2@git.example.com/acme/shop.git", "GIT_BRANCH": "origin/feature/login",
	}, fstest.MapFS{}, branch.WorkTree{})
	if text := fmt.Sprint(findings); strings.Contains(text, "hunter2") || !strings.Contains(text, "https://git.example.com/acme/shop.git") {
		t.Errorf("findings %s", text)
	}
	if m.Repository != "git.example.com/acme/shop" {
		t.Errorf("repository %q", m.Repository)
	}
}

func TestAWorkTreeSpeaksOnlyOutsideOfCI(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	tree := branch.WorkTree{Branch: "feature/login", Commit: head, Committed: at, Remote: "git@github.com:acme/shop.git"}
	want := branch.Metadata{Branch: "feature/login", Commit: head, Committed: at, Repository: "github.com/acme/shop"}
	for _, env := range []string{"", "CI=true", "CI=false\nGITHUB_ACTIONS=true\nGITHUB_REF=refs/heads/other"} {
		got, findings := branch.Detect(variables(env), fstest.MapFS{}, tree)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", env, diff)
		}
		explained(t, got, findings)
	}

	// In CI it provides the time of the commit, if the commit is the same.
	for commit, want := range map[string]time.Time{head: at, merge: {}} {
		got, _ := branch.Detect(map[string]string{"BUILDKITE": "true", "BUILDKITE_BRANCH": "b", "BUILDKITE_COMMIT": commit}, fstest.MapFS{}, tree)
		if got.Branch != "b" || !got.Committed.Equal(want) {
			t.Errorf("%+v; want branch b, committed %v", got, want)
		}
	}
}
