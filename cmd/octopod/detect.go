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

// detect is what the CI run, or else the work tree one is in, says of the
// branch, and where each value comes from.
func (c *cli) detect(ctx context.Context) (branch.Metadata, []branch.Finding) {
	return branch.Detect(c.env, os.DirFS("/"), c.appWorkTree(ctx))
}

// appWorkTree is the work tree of the application. That of the env repo is none:
// its branch is nobody's feature.
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

// currentBranch is what a verb goes by that was given neither branch nor name. In
// CI that is what the pipeline is for; from a work tree it is said aloud.
func (c *cli) currentBranch(ctx context.Context) (branch.Metadata, error) {
	m, findings := c.detect(ctx)
	if m.Branch == "" {
		return m, staging.Errorf(staging.CodeInvalid, "no branch is given: %s", noBranchReason(findings)).
			WithHint("give --branch; `octopod name --explain` says what is taken from where")
	}
	if m.Fork != "" {
		return m, forkError(m)
	}
	if m.System == "" {
		c.note("branch %s (commit %s), from the work tree", oneLine(m.Branch), short(m.Commit))
	}
	return m, nil
}

// noBranchReason says why there is no branch.
func noBranchReason(findings []branch.Finding) string {
	for _, f := range findings {
		if f.What == "branch" && f.Why != "" {
			return f.Why
		}
	}
	return "nothing says which branch this is"
}

// explainDetected says where each value comes from, on stderr.
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

// forkError refuses the pull request of a fork: whoever opened it decides what
// code runs, and how its branch is called.
func forkError(m branch.Metadata) error {
	return staging.Errorf(staging.CodeForbidden, "branch %s belongs to the fork %s", oneLine(m.Branch), oneLine(m.Fork)).
		WithHint("skip this step for pull requests of forks; or read the code, push it to a branch of your own and deploy that")
}

// addDetected takes from the surroundings what an action leaves open: the branch when
// neither branch nor name is given, and what was built. Flags that name another
// branch than the one CI builds make the rest of it mean nothing.
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

// withOrigin adds to a build what the flags left open.
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
