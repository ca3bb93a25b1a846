// Command octopod makes, changes and removes staging environments by writing
// to an env repo that Argo CD follows.
//
// This package is the only one that reads flags and the environment, prints,
// asks and exits. Each verb has a file of its own: its flags, and one function
// that asks package generator and shows the answer.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // a project names time zones; a container may have none

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once; one that comes with the first,
	// as timeout(1) sends it, does not count.
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
