package branch

import (
	"io/fs"
	"slices"
	"time"

	"octopod/generator/staging"
)

// Metadata describes a branch. An empty field is unknown.
type Metadata struct {
	System      string    // GitHub Actions, GitLab CI, …; "" outside of CI
	Branch      string    // for a pull request its head
	Commit      string    // the head of the branch, never a merge commit of CI
	Committed   time.Time // the time of that commit
	Repository  string    // github.com/acme/shop-backend
	PullRequest *staging.PullRequest
	Fork        string      // the repository of a pull request from a fork
	Run         staging.Run // orders the builds of one pipeline
	RunURL      string      // the page of the run
	Actor       staging.Person
}

// Finding describes the source of a value, or why it is missing.
type Finding struct {
	What  string // branch, commit, …
	Value string // "" if it is missing
	From  string // GITHUB_HEAD_REF, pull_request.head.sha of the event
	Why   string // the reason for a missing value
}

// WorkTree is the state of a git work tree. The zero value is no work tree.
type WorkTree struct {
	Branch    string // "" if no branch is checked out
	Commit    string
	Committed time.Time // of Commit
	Remote    string    // address of the remote of the branch
}

// Detect reads the metadata of a branch from the environment of a process. files is
// the file system from its root: some systems store the event there. Detect uses
// the work tree only outside of the supported CI systems.
func Detect(env map[string]string, files fs.FS, tree WorkTree) (Metadata, []Finding) {
	r := &reader{env: env, files: files}
	if env["CI"] != "false" {
		for _, s := range systems() {
			if s.detect(env) {
				r.metadata.System = s.name
				s.read(r)
				break
			}
		}
	}
	if r.metadata.System == "" {
		r.readWorkTree(tree)
	}
	r.finish(tree)
	return r.metadata, r.findings
}

func (r *reader) readWorkTree(tree WorkTree) {
	const from = "the work tree"
	if tree == (WorkTree{}) {
		r.recordMissing("branch", "this is neither a run of a supported CI system nor a git work tree")
		return
	}
	r.metadata.Branch = r.record("branch", tree.Branch, from)
	if tree.Branch == "" {
		r.recordMissing("branch", "no branch is checked out in the work tree")
	}
	r.metadata.Commit = r.record("commit", tree.Commit, from)
	r.metadata.Repository = r.record("repository", repositoryOf(tree.Remote), "the remote of the work tree")
}

// finish validates the metadata, and adds the time of the commit from the work tree if
// the CI system does not provide it.
func (r *reader) finish(tree WorkTree) {
	if r.metadata.Branch != "" {
		branch, err := staging.ParseBranch(r.metadata.Branch)
		if err != nil {
			r.recordMissing("branch", err.Error())
		}
		r.metadata.Branch = branch
	}
	if !slices.ContainsFunc(r.findings, func(f Finding) bool { return f.What == "branch" }) {
		r.recordMissing("branch", r.metadata.System+" provides no branch")
	}
	if r.metadata.Committed.IsZero() && r.metadata.Commit != "" && tree.Commit == r.metadata.Commit {
		r.metadata.Committed = tree.Committed
		r.record("committed", tree.Committed.Format(time.RFC3339), "the work tree")
	}
	if r.metadata.PullRequest != nil {
		short := r.metadata.PullRequest.Shortened()
		r.metadata.PullRequest = &short
	}
	if r.metadata.Run.Number <= 0 || r.metadata.Run.Pipeline == "" {
		r.metadata.Run = staging.Run{}
	}
	r.metadata.Committed = r.metadata.Committed.UTC()
}
