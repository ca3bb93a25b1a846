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

	"octopod/generator"
	"octopod/generator/staging"
)

// newDelete removes a staging for good.
func newDelete(c *cli) *cobra.Command {
	var w writing
	var name string
	var yes, finish bool
	cmd := &cobra.Command{
		Use:     "delete NAME",
		Aliases: []string{"cleanup", "destroy"},
		Short:   "Remove a staging with its data",
		Long: `Remove a staging with its namespace, volumes and database. On a terminal it asks
first; elsewhere --yes is needed. To keep the data, use archive.

Where the project has a teardown, delete starts it, and delete --finish removes the
record when it is over.`,
		Example: `  octopod delete feature-login
  octopod delete feature-login --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, name)
			if err != nil {
				return err
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			if !yes && !w.dryRun {
				if err := c.confirmDelete(cmd.Context(), to, name); err != nil {
					return err
				}
			}
			return c.apply(cmd.Context(), to, staging.Action{Verb: staging.Delete, Name: name, Finish: finish}, w)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&finish, "finish", false, "the teardown is over: remove the record")
	w.addFlags(cmd)
	nameFlag(cmd, &name)
	c.completeFlag(cmd, "name", completeNames)
	return cmd
}

// confirmDelete names what is lost, and asks.
func (c *cli) confirmDelete(ctx context.Context, in finder, name string) error {
	views, err := in.Find(ctx, generator.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return err
	}
	p, err := in.Project(ctx)
	if err != nil {
		return err
	}
	if !c.interactive() {
		return staging.Errorf(staging.CodeInvalid, "deleting staging %q takes its volumes and database away, and there is no terminal to ask on", name).
			WithHint("add --yes if you mean it; `octopod archive %s` keeps the data", name)
	}
	c.talk.printf("This deletes staging %s (branch %s):\n", c.talk.paint(bold, name), inline(views[0].Spec.Branch))
	c.talk.printf("  namespace %s with everything in it, volumes and database included\n", p.Namespace(name))
	c.talk.printf("The record can be brought back from git, the data cannot.\n`octopod archive %s` keeps it.\n", name)
	sure, err := c.ask(ctx, "Delete it? [y/N] ")
	if err == nil && !sure {
		err = staging.Errorf(staging.CodeInvalid, "nothing was deleted")
	}
	return err
}

// interactive tells whether there is a person to ask.
func (c *cli) interactive() bool {
	in, ok := c.in.(*os.File)
	return ok && c.talk.terminal && term.IsTerminal(int(in.Fd()))
}

// ask puts a yes-or-no question; an interrupt ends it.
func (c *cli) ask(ctx context.Context, question string) (bool, error) {
	c.talk.printf("%s", question)
	answers := make(chan string, 1)
	failures := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(c.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			failures <- err
			return
		}
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		c.talk.printf("\n")
		return false, ctx.Err()
	case err := <-failures:
		return false, staging.Errorf(staging.CodeInvalid, "the answer cannot be read").Because(err)
	case answer := <-answers:
		return answer == "y" || answer == "yes", nil
	}
}
