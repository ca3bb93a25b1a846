package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"octopod/generator/branch"
	"octopod/generator/gitstore"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// detect returns the branch and its build from the CI run, else from the work tree,
// and the source of each value.
func (c *cli) detect(ctx context.Context) (branch.Metadata, []branch.Finding) {
	return branch.Detect(c.env, os.DirFS("/"), c.appWorkTree(ctx))
}

// appWorkTree returns the work tree of the application. A work tree of the env repo
// does not count: its branch is not a feature branch.
func (c *cli) appWorkTree(ctx context.Context) branch.WorkTree {
	root := gitRoot()
	if root == "" || exists(filepath.Join(root, project.File)) {
		return branch.WorkTree{}
	}
	w, err := gitstore.ReadWorkTree(ctx, root)
	if err != nil {
		c.logger().Debug("reading the work tree", "error", err)
		return branch.WorkTree{}
	}
	return branch.WorkTree(w)
}

// currentBranch returns the branch for a verb without a branch or name: the branch
// of the CI run, else of the work tree, with a note.
func (c *cli) currentBranch(ctx context.Context) (branch.Metadata, error) {
	m, findings := c.detect(ctx)
	if m.Branch == "" {
		return m, staging.Errorf(staging.CodeInvalid, "no branch is given: %s", noBranchReason(findings)).
			WithHint("give --branch; `octopod name --explain` shows the detected values and their sources")
	}
	if m.Fork != "" {
		return m, forkError(m)
	}
	if m.System == "" {
		c.note("branch %s (commit %s), from the work tree", oneLine(m.Branch), shortRevision(m.Commit))
	}
	return m, nil
}

// noBranchReason returns why no branch was detected.
func noBranchReason(findings []branch.Finding) string {
	for _, f := range findings {
		if f.What == "branch" && f.Why != "" {
			return f.Why
		}
	}
	return "no branch was detected"
}

// explainDetected prints the detected values and their sources to stderr.
func (c *cli) explainDetected(ctx context.Context, flag string) {
	m, findings := c.detect(ctx)
	c.stderr.printf("%-12s %s\n", "from", cmp.Or(m.System, "this machine"))
	if flag != "" {
		c.stderr.printf("%-12s %s (--branch)\n", "branch", oneLine(flag))
	}
	for _, f := range findings {
		switch {
		case f.What == "branch" && flag != "":
		case f.Why != "":
			c.stderr.printf("%-12s %s: %s\n", f.What, noValue, oneLine(f.Why))
		default:
			c.stderr.printf("%-12s %s (%s)\n", f.What, oneLine(f.Value), f.From)
		}
	}
}

// forkError rejects the pull request of a fork. The author of the fork controls the
// code that would run, and the name of the branch.
func forkError(m branch.Metadata) error {
	return staging.Errorf(staging.CodeForbidden, "branch %s belongs to the fork %s", oneLine(m.Branch), oneLine(m.Fork)).
		WithHint("skip this step for pull requests of forks; or review the code, push it to a branch of your own and deploy that branch")
}

// addDetected sets the fields that the flags leave empty: the branch if there is
// neither branch nor name, and the pull request. It returns the detected build,
// which is empty if the flags select another branch than the CI run.
func (o *deployFlags) addDetected(ctx context.Context, c *cli, a *staging.Action) (branch.Metadata, error) {
	if a.Branch == "" && (a.Name == "" || a.Join) {
		m, err := c.currentBranch(ctx)
		a.Branch = m.Branch
		if a.PullRequest == nil {
			a.PullRequest = m.PullRequest
		}
		return m, err
	}
	m, _ := c.detect(ctx)
	switch {
	case m.System == "", a.Branch != "" && strings.TrimPrefix(a.Branch, "refs/heads/") != m.Branch:
		return branch.Metadata{}, nil
	case m.Fork != "":
		return m, forkError(m)
	case a.Branch != "" && a.PullRequest == nil:
		a.PullRequest = m.PullRequest
	}
	return m, nil
}

// withOrigin sets the fields of a build that the flags leave empty.
func withOrigin(b staging.Build, m branch.Metadata) staging.Build {
	if b.Commit == "" {
		b.Commit = m.Commit
	}
	if b.Repository == "" {
		b.Repository = m.Repository
	}
	if b.Commit == m.Commit {
		b.Committed = m.Committed
	}
	b.Run = m.Run
	return b
}
