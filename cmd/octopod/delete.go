package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"octopod/generator/staging"
)

// newDelete returns `octopod delete`.
func newDelete(c *cli) *cobra.Command {
	var w writeFlags
	var name, branch string
	var yes, finish, thisBranch bool
	cmd := &cobra.Command{
		Use:     "delete NAME|--branch BRANCH|--this-branch",
		Aliases: []string{"cleanup", "destroy"},
		Short:   "Delete a staging with its data",
		Long: `Delete a staging with its namespace, volumes and database. On a terminal delete asks
for confirmation; elsewhere it needs --yes. To keep the data, use archive.

For pipelines: --branch selects the staging of a branch. --this-branch selects the
staging of the branch that CI builds, or that the event of the pipeline closed or
deleted. Both succeed if there is no staging, and never delete the staging of a
default branch. If another repository has built on the branch too, the staging stays
until its last repository is done; services of the finished repositories run their
default images until then.

If the project has a teardown, delete starts it. After the teardown, delete --finish
removes the record.`,
		Example: `  octopod delete feature-login
  octopod delete feature-login --yes

  # In CI, after a pull request was closed
  octopod delete --this-branch --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			a := staging.Action{Verb: staging.Delete, Finish: finish}
			var err error
			if thisBranch || cmd.Flags().Changed("branch") {
				a.Branch, a.Repository, err = c.deletedBranch(cmd, append(args, name), branch, thisBranch, yes || w.dryRun)
			} else {
				a.Name, err = oneName(cmd, args, name)
			}
			if err != nil {
				return err
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			if a.Name != "" && !yes && !w.dryRun {
				if err := c.confirmDelete(cmd.Context(), to, a.Name); err != nil {
					return err
				}
			}
			return c.apply(cmd.Context(), to, a, w)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "delete without confirmation")
	cmd.Flags().BoolVar(&finish, "finish", false, "remove the record after the teardown")
	cmd.Flags().StringVar(&branch, "branch", "", "delete the staging of this `branch`, if there is one; needs --yes")
	cmd.Flags().BoolVar(&thisBranch, "this-branch", false, "delete the staging of the branch of this CI run, if there is one; needs --yes")
	w.addFlags(cmd)
	nameFlag(cmd, &name)
	c.completeFlag(cmd, "name", completeNames)
	return cmd
}

// deletedBranch returns the branch whose staging to delete, and the repository
// of the pipeline, "" outside of CI.
func (c *cli) deletedBranch(cmd *cobra.Command, names []string, branch string, this, sure bool) (gone, repository string, err error) {
	switch {
	case strings.Join(names, "") != "" || this && branch != "":
		return "", "", usage(cmd, "give a name, or --branch, or --this-branch")
	case !sure:
		return "", "", usage(cmd, "deleting the staging of a branch needs --yes")
	case !this && branch == "":
		return "", "", usage(cmd, "--branch is empty")
	case !this:
		if m, _ := c.detect(cmd.Context()); m.System != "" {
			repository = m.Repository
		}
		return branch, repository, nil
	}
	m, err := c.currentBranch(cmd.Context())
	if err == nil && m.System == "" {
		err = usage(cmd, "--this-branch is for CI")
	}
	return m.Branch, m.Repository, err
}

// confirmDelete lists the data that delete destroys, and asks for confirmation.
func (c *cli) confirmDelete(ctx context.Context, in finder, name string) error {
	views, err := in.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return err
	}
	p, err := in.Project(ctx)
	if err != nil {
		return err
	}
	if !c.interactive() {
		return staging.Errorf(staging.CodeInvalid, "deleting staging %q destroys its volumes and database, and there is no terminal to confirm it", name).
			WithHint("add --yes to delete it; `octopod archive %s` keeps the data", name)
	}
	c.stderr.printf("This deletes staging %s (branch %s):\n", c.stderr.paint(bold, name), oneLine(views[0].Spec.Branch))
	c.stderr.printf("  namespace %s with everything in it, volumes and database included\n", p.Namespace(name))
	c.stderr.printf("git keeps the record, but not the data.\n`octopod archive %s` keeps both.\n", name)
	sure, err := c.confirm(ctx, "Delete it? [y/N] ")
	if err == nil && !sure {
		err = staging.Errorf(staging.CodeInvalid, "nothing was deleted")
	}
	return err
}

// interactive reports whether stdin and stderr are a terminal.
func (c *cli) interactive() bool {
	in, ok := c.stdin.(*os.File)
	return ok && c.stderr.terminal && term.IsTerminal(int(in.Fd()))
}

// confirm asks a yes-or-no question. An interrupt ends it.
func (c *cli) confirm(ctx context.Context, question string) (bool, error) {
	c.stderr.printf("%s", question)
	answers := make(chan string, 1)
	failures := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(c.stdin).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			failures <- err
			return
		}
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		c.stderr.printf("\n")
		return false, ctx.Err()
	case err := <-failures:
		return false, staging.Errorf(staging.CodeInvalid, "cannot read the answer").Because(err)
	case answer := <-answers:
		return answer == "y" || answer == "yes", nil
	}
}
