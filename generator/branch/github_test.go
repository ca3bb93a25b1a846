package branch_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/branch"
	"octopod/generator/staging"
)

// GitHub sets these variables for every run, as listed in
// https://docs.github.com/actions/reference/workflows-and-actions/variables.
const gitHub = `
	CI=true
	GITHUB_ACTIONS=true
	GITHUB_ACTOR=octocat
	GITHUB_ACTOR_ID=583231
	GITHUB_SERVER_URL=https://github.com
	GITHUB_REPOSITORY=acme/shop
	GITHUB_RUN_ID=1658821493
	GITHUB_RUN_NUMBER=42
	GITHUB_WORKFLOW_REF=acme/shop/.github/workflows/ci.yml@refs/heads/feature/login
	GITHUB_EVENT_PATH=/home/runner/work/_temp/_github_workflow/event.json
`

const eventFile = "home/runner/work/_temp/_github_workflow/event.json"

// The payloads contain the fields in use of
// https://docs.github.com/webhooks/webhook-events-and-payloads. The ref and commit of each
// event are documented in
// https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows.
func TestGitHub(t *testing.T) {
	t.Parallel()
	base := branch.Metadata{
		System: "GitHub Actions", Repository: "github.com/acme/shop",
		Run:    staging.Run{Pipeline: "github.com/acme/shop/.github/workflows/ci.yml", Number: 42},
		RunURL: "https://github.com/acme/shop/actions/runs/1658821493",
		Actor:  staging.Person{Name: "octocat", Email: "583231+octocat@users.noreply.github.com"},
	}
	pull := &staging.PullRequest{Number: 7, URL: "https://github.com/acme/shop/pull/7", Title: "Passkeys", Author: "ada"}
	const pullEvent = `{"action": "synchronize", "number": 7, "pull_request": {"number": 7, "html_url": "https://github.com/acme/shop/pull/7",
		"title": "Passkeys", "user": {"login": "ada"}, "head": {"ref": "feature/login", "sha": "` + head + `", "repo": {"full_name": "acme/shop"}},
		"base": {"ref": "main", "repo": {"full_name": "acme/shop"}}, "merge_commit_sha": "` + merge + `"}}`
	tests := []struct {
		name, env, event string
		want             func(*branch.Metadata)
	}{
		{"push", "GITHUB_EVENT_NAME=push\nGITHUB_REF=refs/heads/feature/login\nGITHUB_SHA=" + head,
			`{"ref": "refs/heads/feature/login", "head_commit": {"id": "` + head + `", "timestamp": "2026-11-20T10:00:00+01:00"}}`,
			func(m *branch.Metadata) {
				m.Branch, m.Commit, m.Committed = "feature/login", head, time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
			}},
		{"pull request: the head, not the merge commit",
			"GITHUB_EVENT_NAME=pull_request\nGITHUB_REF=refs/pull/7/merge\nGITHUB_HEAD_REF=feature/login\nGITHUB_BASE_REF=main\nGITHUB_SHA=" + merge,
			pullEvent, func(m *branch.Metadata) { m.Branch, m.Commit, m.PullRequest = "feature/login", head, pull }},
		{"pull_request_target: the head, not the base",
			"GITHUB_EVENT_NAME=pull_request_target\nGITHUB_REF=refs/heads/main\nGITHUB_HEAD_REF=feature/login\nGITHUB_SHA=" + merge,
			pullEvent, func(m *branch.Metadata) { m.Branch, m.Commit, m.PullRequest = "feature/login", head, pull }},
		{"pull_request_target of a fork", "GITHUB_EVENT_NAME=pull_request_target\nGITHUB_REF=refs/heads/main\nGITHUB_HEAD_REF=main\nGITHUB_SHA=" + merge,
			`{"pull_request": {"number": 8, "head": {"ref": "main", "sha": "` + head + `", "repo": {"full_name": "mallory/shop"}}}}`,
			func(m *branch.Metadata) {
				m.Branch, m.Commit, m.Fork, m.PullRequest = "main", head, "mallory/shop", &staging.PullRequest{Number: 8}
			}},
		{"pull request of a fork that is gone", "GITHUB_EVENT_NAME=pull_request\nGITHUB_SHA=" + merge,
			`{"pull_request": {"number": 8, "head": {"ref": "main", "sha": "` + head + `", "repo": null}}}`,
			func(m *branch.Metadata) {
				m.Branch, m.Commit, m.Fork, m.PullRequest = "main", head, "(unknown)", &staging.PullRequest{Number: 8}
			}},
		{"pull request whose event cannot be read: it may come from a fork",
			"GITHUB_EVENT_NAME=pull_request\nGITHUB_HEAD_REF=feature/login\nGITHUB_SHA=" + merge, `{`,
			func(m *branch.Metadata) { m.Branch, m.Fork = "feature/login", "(unknown)" }},
		{"workflow_dispatch", "GITHUB_EVENT_NAME=workflow_dispatch\nGITHUB_REF=refs/heads/feature/login\nGITHUB_SHA=" + head,
			`{"inputs": {}, "ref": "refs/heads/feature/login"}`,
			func(m *branch.Metadata) { m.Branch, m.Commit = "feature/login", head }},
		{"workflow_run: the run that built, with its number", "GITHUB_EVENT_NAME=workflow_run\nGITHUB_REF=refs/heads/main\nGITHUB_SHA=" + merge,
			`{"workflow_run": {"head_branch": "feature/login", "head_sha": "` + head + `", "run_number": 40, "path": ".github/workflows/build.yml",
			"head_repository": {"full_name": "acme/shop"}}}`,
			func(m *branch.Metadata) {
				m.Branch, m.Commit = "feature/login", head
				m.Run = staging.Run{Pipeline: "github.com/acme/shop/.github/workflows/build.yml", Number: 40}
			}},
		{"workflow_run of a fork", "GITHUB_EVENT_NAME=workflow_run\nGITHUB_REF=refs/heads/main",
			`{"workflow_run": {"head_branch": "main", "head_sha": "` + head + `", "run_number": 40, "path": "p", "head_repository": {"full_name": "mallory/shop"}}}`,
			func(m *branch.Metadata) {
				m.Branch, m.Commit, m.Fork = "main", head, "mallory/shop"
				m.Run = staging.Run{Pipeline: "github.com/acme/shop/p", Number: 40}
			}},
		{"delete: the branch that is gone, not the default branch", "GITHUB_EVENT_NAME=delete\nGITHUB_REF=refs/heads/main\nGITHUB_SHA=" + merge,
			`{"ref": "feature/login", "ref_type": "branch"}`, func(m *branch.Metadata) { m.Branch = "feature/login" }},
		{"delete of a tag that is called like a branch", "GITHUB_EVENT_NAME=delete\nGITHUB_REF=refs/heads/main",
			`{"ref": "feature/login", "ref_type": "tag"}`, func(*branch.Metadata) {}},
		{"tag", "GITHUB_EVENT_NAME=push\nGITHUB_REF=refs/tags/v1\nGITHUB_SHA=" + head, `{"ref": "refs/tags/v1"}`,
			func(m *branch.Metadata) { m.Commit = head }},
		// https://docs.gitea.com/usage/actions/faq: the same variables, and GITEA_ACTIONS
		{"Gitea", "GITEA_ACTIONS=true\nGITHUB_WORKFLOW_REF=\nGITHUB_SERVER_URL=https://git.example.com\nGITHUB_EVENT_NAME=push\nGITHUB_REF=refs/heads/feature/login\nGITHUB_SHA=" + head,
			`{"ref": "refs/heads/feature/login"}`,
			func(m *branch.Metadata) {
				m.System, m.Branch, m.Commit, m.Actor.Email = "Gitea Actions", "feature/login", head, ""
				m.Repository, m.RunURL = "git.example.com/acme/shop", "https://git.example.com/acme/shop/actions/runs/1658821493"
				m.Run.Pipeline = "git.example.com/acme/shop"
			}},
		// https://forgejo.org/docs/latest/user/actions/reference/: the same, and FORGEJO_ACTIONS
		{"Forgejo", "FORGEJO_ACTIONS=true\nGITHUB_EVENT_NAME=pull_request\nGITHUB_SHA=" + merge, pullEvent,
			func(m *branch.Metadata) {
				m.System, m.Branch, m.Commit, m.PullRequest, m.Actor.Email = "Forgejo Actions", "feature/login", head, pull, ""
			}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := base
			tt.want(&want)
			files := fstest.MapFS{eventFile: {Data: []byte(tt.event)}}
			got, findings := branch.Detect(variables(gitHub+tt.env), files, branch.WorkTree{})
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			explained(t, got, findings)
		})
	}
}

// A broken file at GITHUB_EVENT_PATH neither fails the detection nor yields a pull request
// of the repository.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"pull_request": {"number": 1, "head": {"ref": "x", "repo": null}}}`))
	f.Add([]byte(`{"workflow_run": {}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		env := variables(gitHub + "GITHUB_EVENT_NAME=pull_request\nGITHUB_HEAD_REF=main")
		m, findings := branch.Detect(env, fstest.MapFS{eventFile: {Data: data}}, branch.WorkTree{})
		explained(t, m, findings)
		var ours struct {
			PullRequest struct {
				Head struct {
					Repo struct {
						FullName string `json:"full_name"`
					} `json:"repo"`
				} `json:"head"`
			} `json:"pull_request"`
		}
		_ = json.NewDecoder(bytes.NewReader(data)).Decode(&ours)
		if m.Fork == "" && ours.PullRequest.Head.Repo.FullName != "acme/shop" {
			t.Errorf("a pull request that nobody knows counts as ours: %+v", m)
		}
	})
}
