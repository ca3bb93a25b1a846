package branch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"octopod/generator/staging"
)

// githubEvent is the part of the webhook's payload at GITHUB_EVENT_PATH that names
// the branch of a run. GITHUB_SHA and GITHUB_REF do not: for a pull request they
// are a merge commit, for workflow_run and delete the default branch.
type githubEvent struct {
	Ref         string       `json:"ref"`
	RefType     string       `json:"ref_type"`
	HeadCommit  *headCommit  `json:"head_commit"`
	PullRequest *pullRequest `json:"pull_request"`
	WorkflowRun *workflowRun `json:"workflow_run"`
}

type headCommit struct {
	ID        string    `json:"id"`
	Timestamp time.Time `json:"timestamp"`
}

type pullRequest struct {
	Number  int    `json:"number"`
	HTMLURL string `json:"html_url"`
	Title   string `json:"title"`
	User    struct {
		Login string `json:"login"`
	} `json:"user"`
	Head struct {
		Ref  string      `json:"ref"`
		SHA  string      `json:"sha"`
		Repo *repository `json:"repo"` // null when the fork was deleted
	} `json:"head"`
}

type workflowRun struct {
	HeadBranch     string     `json:"head_branch"`
	HeadSHA        string     `json:"head_sha"`
	HeadRepository repository `json:"head_repository"`
	Path           string     `json:"path"`
	RunNumber      int        `json:"run_number"`
}

type repository struct {
	FullName string `json:"full_name"`
}

// deletedFork is the name of a fork that was deleted or is unknown.
const deletedFork = "(unknown)"

// readGitHub reads GitHub Actions and compatible systems.
func readGitHub(r *reader) {
	r.metadata.Actor.Name = r.lookup("actor", "GITHUB_ACTOR")
	ours := r.lookup("repository", "GITHUB_REPOSITORY")
	host := hostOf(r.env["GITHUB_SERVER_URL"])
	r.metadata.Repository = host + "/" + ours
	workflow, _, _ := strings.Cut(r.env["GITHUB_WORKFLOW_REF"], "@")
	if workflow == "" { // Gitea and Forgejo number the runs of a repository
		workflow = ours
	}
	r.run(host+"/"+workflow, "GITHUB_RUN_NUMBER")
	if id := r.env["GITHUB_RUN_ID"]; id != "" {
		r.metadata.RunURL = r.env["GITHUB_SERVER_URL"] + "/" + ours + "/actions/runs/" + id
	}
	payload, err := r.readEvent()
	if err != nil {
		r.recordMissing("event", err.Error())
	}
	switch name := r.env["GITHUB_EVENT_NAME"]; {
	case payload.PullRequest != nil:
		r.githubPull(*payload.PullRequest, ours)
	case strings.HasPrefix(name, "pull_request"): // the event cannot be read
		r.metadata.Branch = r.lookup("branch", "GITHUB_HEAD_REF")
		r.recordMissing("commit", "GITHUB_SHA is not the head of the pull request")
		r.fork(deletedFork, ours, "the event, which cannot be read")
	case payload.WorkflowRun != nil:
		r.githubWorkflowRun(*payload.WorkflowRun, host, ours)
	case name == "delete" || name == "create":
		r.githubRef(payload)
	case name == "issue_comment":
		r.recordMissing("branch", "a comment belongs to no branch")
	default:
		r.githubPush(payload)
	}
}

// readEvent decodes the payload. GitHub sends at most 25 MB.
func (r *reader) readEvent() (payload githubEvent, err error) {
	path := strings.TrimPrefix(r.env["GITHUB_EVENT_PATH"], "/")
	if path == "" {
		return payload, nil
	}
	file, err := r.files.Open(path)
	if err != nil {
		return payload, err
	}
	defer file.Close()
	const most = 25 << 20
	if err := json.NewDecoder(io.LimitReader(file, most)).Decode(&payload); err != nil {
		return githubEvent{}, fmt.Errorf("reading /%s: %w", path, err)
	}
	return payload, nil
}

func (r *reader) githubPull(pull pullRequest, ours string) {
	r.metadata.Branch = r.record("branch", pull.Head.Ref, "pull_request.head.ref of the event")
	r.metadata.Commit = r.record("commit", pull.Head.SHA, "pull_request.head.sha of the event")
	var from repository
	if pull.Head.Repo != nil {
		from = *pull.Head.Repo
	}
	r.fork(cmp.Or(from.FullName, deletedFork), ours, "pull_request.head.repo of the event")
	r.metadata.PullRequest = &staging.PullRequest{Number: pull.Number, URL: pull.HTMLURL, Title: pull.Title, Author: pull.User.Login}
	r.record("pull request", strconv.Itoa(pull.Number), "pull_request of the event")
}

// githubWorkflowRun reads a run that another run started. It uses the number of the
// other run, which was assigned when the commit was pushed.
func (r *reader) githubWorkflowRun(run workflowRun, host, ours string) {
	r.metadata.Branch = r.record("branch", run.HeadBranch, "workflow_run.head_branch of the event")
	r.metadata.Commit = r.record("commit", run.HeadSHA, "workflow_run.head_sha of the event")
	r.fork(cmp.Or(run.HeadRepository.FullName, deletedFork), ours, "workflow_run.head_repository of the event")
	r.metadata.Run = staging.Run{Pipeline: host + "/" + ours + "/" + run.Path, Number: run.RunNumber}
}

// githubRef reads the creation or deletion of a branch.
func (r *reader) githubRef(payload githubEvent) {
	if payload.RefType == "tag" {
		r.rejectTag(payload.Ref)
		return
	}
	r.metadata.Branch = r.record("branch", payload.Ref, "ref of the event")
}

func (r *reader) githubPush(payload githubEvent) {
	const mergeQueue = "refs/heads/gh-readonly-queue/"
	if strings.HasPrefix(r.env["GITHUB_REF"], mergeQueue) {
		r.recordMissing("branch", r.env["GITHUB_REF"]+" belongs to the merge queue")
		return
	}
	r.ref(r.env["GITHUB_REF"], "GITHUB_REF")
	r.metadata.Commit = r.lookup("commit", "GITHUB_SHA")
	if head := payload.HeadCommit; head != nil && head.ID == r.metadata.Commit {
		r.metadata.Committed = head.Timestamp
		r.record("committed", head.Timestamp.Format(time.RFC3339), "head_commit.timestamp of the event")
	}
}

// githubMail returns the address by which GitHub recognizes the commits of a person.
func githubMail(id, login string) string {
	if login == "" {
		return ""
	}
	if id != "" {
		login = id + "+" + login
	}
	return login + "@users.noreply.github.com"
}
