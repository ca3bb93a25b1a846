// Command cluster runs a real Kubernetes API and a real Argo CD as plain
// processes on this machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"

	"octopod/examples/cluster"
)

const usage = `Usage: cluster VERB [flags]

  build          build the missing programs
  up             start a cluster; return when every part is ready
  down           stop the cluster and remove its folder
  status         list the parts; exit code 1 if a part is not ready
  env            print the environment variables for kubectl, argocd and octopod
  stop PART      stop one part           start PART     start it again
  freeze PART    freeze one part         thaw PART      resume it

Flags:
`

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

type command struct {
	dir, bin, source string
	projects         string
	argo             string
	forge, node      bool
	part             cluster.Part
	stdout, stderr   io.Writer
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c := command{stdout: stdout, stderr: stderr}
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.dir, "dir", filepath.Join(os.TempDir(), "octopod-cluster"), "folder of the cluster; several clusters can run side by side")
	flags.StringVar(&c.bin, "bin", cluster.DefaultBin(), "folder of the programs")
	flags.StringVar(&c.source, "source", "", "source folder of examples/cluster; needed if `go` cannot find it")
	flags.StringVar(&c.projects, "projects", "shop", "projects that Octopod's account may use, separated by commas")
	flags.StringVar(&c.argo, "argocd", string(cluster.V2), "version of Argo CD: v2 (2.14.21) or v3 (3.5.7)")
	flags.BoolVar(&c.forge, "forge", false, "also start Gitea; its first build needs a C compiler")
	flags.BoolVar(&c.node, "node", false, "also start a real node, on which containers run; its first build takes ten minutes more. "+
		"It needs Linux, root and Debian's containerd; without them, cluster says so and kwok plays the node")
	flags.Usage = func() { fmt.Fprint(stderr, usage); flags.PrintDefaults() }
	verb, words := split(args)
	if err := flags.Parse(words); err != nil {
		return 2
	}
	c.part = cluster.Part(flags.Arg(0))
	do, ok := c.verbs()[verb]
	if !ok {
		flags.Usage()
		return 2
	}
	if err := do(ctx); err != nil {
		fmt.Fprintln(stderr, "cluster:", err)
		return 1
	}
	return 0
}

// split returns the verb, and moves the part behind the flags, as package flag requires.
func split(args []string) (verb string, words []string) {
	if len(args) == 0 {
		return "", nil
	}
	verb, args = args[0], args[1:]
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return verb, append(args[1:len(args):len(args)], args[0])
	}
	return verb, args
}

func (c command) verbs() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"build": func(ctx context.Context) error {
			return cluster.Build(ctx, cluster.BuildOptions{Bin: c.bin, Source: c.source, ArgoCD: cluster.Version(c.argo), Forge: c.forge, Node: c.node, Log: c.stderr})
		},
		"up":     c.up,
		"down":   c.with(func(ctx context.Context, run *cluster.Cluster) error { return run.Stop(ctx) }),
		"status": c.with(c.status),
		"env":    c.with(func(_ context.Context, run *cluster.Cluster) error { return c.env(run) }),
		"stop": c.with(func(ctx context.Context, run *cluster.Cluster) error {
			return run.StopPart(ctx, c.part)
		}),
		"start": c.with(func(ctx context.Context, run *cluster.Cluster) error {
			return run.StartPart(ctx, c.part)
		}),
		"freeze": c.with(func(_ context.Context, run *cluster.Cluster) error { return run.Signal(c.part, syscall.SIGSTOP) }),
		"thaw":   c.with(func(_ context.Context, run *cluster.Cluster) error { return run.Signal(c.part, syscall.SIGCONT) }),
	}
}

func (c command) with(do func(context.Context, *cluster.Cluster) error) func(context.Context) error {
	return func(ctx context.Context) error {
		run, err := cluster.Open(c.dir)
		if err != nil {
			return err
		}
		return do(ctx, run)
	}
}

func (c command) up(ctx context.Context) error {
	build := cluster.BuildOptions{Bin: c.bin, Source: c.source, ArgoCD: cluster.Version(c.argo), Forge: c.forge, Node: c.node, Log: c.stderr}
	if err := cluster.Build(ctx, build); err != nil {
		return err
	}
	run, err := cluster.Start(ctx, c.dir, cluster.Options{Bin: c.bin, Projects: strings.Split(c.projects, ","), ArgoCD: cluster.Version(c.argo), Forge: c.forge, Node: c.node, Log: c.stderr})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, `
A Kubernetes and an Argo CD run in %s.

  . %s          # KUBECONFIG, ARGOCD_SERVER, ARGOCD_AUTH_TOKEN, ARGOCD_OPTS
  kubectl get nodes
  argocd app list
  # in a clone of an env repo:
  kubectl apply -n argocd -f argocd/appproject.yaml -f argocd/applicationset.yaml
  octopod deploy --branch feature/login --wait …

Octopod's account may use project %s.
`, run.Dir, run.EnvFile(), strings.Join(run.Projects, ", "))
	return nil
}

func (c command) status(ctx context.Context, run *cluster.Cluster) error {
	w := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PART\tPID\tREADY\tLOG")
	down := 0
	for _, s := range run.Status(ctx) {
		pid := "-"
		if s.PID != 0 {
			pid = fmt.Sprint(s.PID)
		}
		if !s.Ready {
			down++
		}
		fmt.Fprintf(w, "%s\t%s\t%v\t%s\n", s.Part, pid, s.Ready, run.Log(s.Part))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if down > 0 {
		return errors.New("not every part is ready")
	}
	return nil
}

func (c command) env(run *cluster.Cluster) error {
	data, err := os.ReadFile(run.EnvFile())
	if err != nil {
		return err
	}
	_, err = c.stdout.Write(data)
	return err
}
