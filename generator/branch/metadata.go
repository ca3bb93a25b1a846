package branch

import (
	"io/fs"
	"slices"
	"time"

	"octopod/generator/staging"
)

// Metadata is what is known of a branch. An empty field is not known.
type Metadata struct {
	System      string    // GitHub Actions, GitLab CI, …; "" outside of CI
	Branch      string    // where the change lies: of a pull request its head
	Commit      string    // the newest of that branch, never a merge made by CI
	Committed   time.Time // when that commit was made
	Repository  string    // github.com/acme/shop-backend
	PullRequest *staging.PullRequest
	Fork        string      // the repository a pull request comes from, when that is not ours
	Run         staging.Run // puts builds of one pipeline in order
	RunURL      string      // finds the run again
	Actor       staging.Person
}

// Finding says where a value comes from, or why there is none.
type Finding struct {
	What  string // branch, commit, …
	Value string // "" when there is none
	From  string // GITHUB_HEAD_REF, pull_request.head.sha of the event
	Why   string // there is no value
}

// WorkTree is what a git work tree says of itself. The zero value is none.
type WorkTree struct {
	Branch    string // "" when no branch is checked out
	Commit    string
	Committed time.Time // of Commit
	Remote    string    // address of the remote that the branch comes from
}

// Detect reads the environment of a process. files holds the file system from
// its root, for the event that some systems leave there. A known CI system
// speaks for itself; the work tree counts where there is none.
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
		r.recordMissing("branch", "this is no run of a CI system that Octopod knows, and no work tree")
		return
	}
	r.metadata.Branch = r.record("branch", tree.Branch, from)
	if tree.Branch == "" {
		r.recordMissing("branch", "no branch is checked out in the work tree")
	}
	r.metadata.Commit = r.record("commit", tree.Commit, from)
	r.metadata.Repository = r.record("repository", repositoryOf(tree.Remote), "the remote of the work tree")
}

// finish checks what was read, and adds the time of the commit where only the
// work tree knows it.
func (r *reader) finish(tree WorkTree) {
	if r.metadata.Branch != "" {
		branch, err := staging.ParseBranch(r.metadata.Branch)
		if err != nil {
			r.recordMissing("branch", err.Error())
		}
		r.metadata.Branch = branch
	}
	if !slices.ContainsFunc(r.findings, func(f Finding) bool { return f.What == "branch" }) {
		r.recordMissing("branch", r.metadata.System+" does not say which")
	}
	if r.metadata.Committed.IsZero() && r.metadata.Commit != "" && tree.Commit == r.metadata.Commit {
		r.metadata.Committed = tree.Committed
		r.record("committed", tree.Committed.Format(time.RFC3339), "the work tree")
	}
	if r.metadata.Run.Number <= 0 || r.metadata.Run.Pipeline == "" {
		r.metadata.Run = staging.Run{}
	}
	r.metadata.Committed = r.metadata.Committed.UTC()
}
