package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"octopod/generator/live"
	"octopod/generator/staging"
)

// newWait returns `octopod wait`.
func newWait(c *cli) *cobra.Command {
	r := live.WaitRequest{}
	var goal string
	cmd := &cobra.Command{
		Use:   "wait NAME [--for running|archived|deleted]",
		Short: "Wait until a staging is running, archived or deleted",
		Long: `Wait until a staging is running, archived or deleted. wait prints each step to stderr,
with the seconds since the start.

A staging is running when Argo CD has applied the current commit and every part works;
an older commit never counts. wait ends early if the staging fails.

Exit codes: 0 done, 5 timeout, 6 the staging failed, 8 cannot reach Argo CD.`,
		Example: `  octopod wait feature-login
  octopod wait feature-login --for archived --timeout 2m
  octopod wait feature-login -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, "")
			if err != nil {
				return err
			}
			r.Name, r.For = name, live.Goal(goal)
			if !slices.Contains(live.Goals(), r.For) {
				return usage(cmd, "--for %q is not one of %s", goal, goals())
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			v, err := c.wait(cmd.Context(), to, r)
			if err != nil {
				return err
			}
			return c.showWaitResult(v, r)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	cmd.Flags().StringVar(&goal, "for", string(live.ForRunning), "`state` to wait for: "+goals())
	addTimeout(cmd, &r.Timeout)
	_ = cmd.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(strings.Split(goals(), ", "), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func goals() string {
	var names []string
	for _, g := range live.Goals() {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}

func addTimeout(cmd *cobra.Command, timeout *time.Duration) {
	cmd.Flags().DurationVar(timeout, "timeout", 10*time.Minute, "time limit of the wait; 0 waits forever")
}

// wait waits for a staging, and prints each change of its status to stderr.
func (c *cli) wait(ctx context.Context, to watcher, r live.WaitRequest) (staging.View, error) {
	began, last := c.now(), ""
	return live.Wait(ctx, to, r, func(v staging.View) {
		line := string(v.Status.Phase) + "  " + oneLine(v.Status.Reason.String())
		if line != last && v.Status.Phase != "" && !c.settings.quiet {
			colour := phaseStyle(v.Status.Phase)
			c.stderr.printf("%6.1fs  %s  %s\n", c.now().Sub(began).Seconds(), c.stderr.paint(colour, fmt.Sprintf("%-9s", v.Status.Phase)), oneLine(v.Status.Reason.String()))
		}
		last = line
	})
}

// showWaitResult prints the result of a wait.
func (c *cli) showWaitResult(v staging.View, r live.WaitRequest) error {
	switch {
	case c.settings.machineReadable():
		return c.encode(v)
	case c.settings.output == "name":
		c.stdout.printf("%s\n", r.Name)
	case v.Status.URL != "" && r.For == live.ForRunning:
		c.stdout.printf("%s is running: %s\n", c.stdout.paint(bold, r.Name), c.stdout.paint(cyan, v.Status.URL))
	default:
		c.stdout.printf("%s is %s\n", c.stdout.paint(bold, r.Name), r.For)
	}
	return nil
}
