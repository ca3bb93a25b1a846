// Command octopod creates, changes and deletes staging environments: it commits to
// an env repo, which Argo CD syncs.
//
// Only this package reads flags and the environment, prints, prompts and exits. Each
// verb has its own file, with its flags and one function that calls package generator
// and prints the result.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // projects name time zones, and a container may lack the database

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once, unless it follows the first within
	// shutdownGrace: timeout(1) sends two.
	context.AfterFunc(ctx, func() { time.AfterFunc(shutdownGrace, stop) })
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}, environment(os.Environ()), time.Now))
}

// run is the whole program: arguments in, exit code out.
func run(ctx context.Context, args []string, streams stdio, env environ, now func() time.Time) int {
	c := newCLI(streams, env, now)
	root := newRoot(c)
	root.SetArgs(args)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		stripBackquotes(root)
	}
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = c.stdout.Err()
	}
	c.close(ctx)
	return c.report(ctx, args, err)
}
