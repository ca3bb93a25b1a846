// Command demo shows Octopod on a real Kubernetes and a real Argo CD: it deploys
// three stagings, deploys a bad build, rolls it back, and archives a staging.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"octopod/examples/cluster"
	"octopod/examples/shop"
)

func main() {
	dir := flag.String("dir", filepath.Join(os.TempDir(), "octopod-cluster"), "folder of the cluster; demo starts one if none runs")
	octopod := flag.String("octopod", "bin/octopod", "octopod program")
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, *dir, *octopod); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo runs the demo. It runs every command that it prints, and shows the output
// that a user would see.
type demo struct {
	*cluster.Cluster
	octopod string
	envs    string // the env repo
}

func run(ctx context.Context, dir, octopod string) error {
	c, err := open(ctx, dir)
	if err != nil {
		return err
	}
	octopod, err = filepath.Abs(octopod)
	if err != nil {
		return err
	}
	d := &demo{Cluster: c, octopod: octopod, envs: filepath.Join(c.Dir, "demo", "envs.git")}
	for _, chapter := range []func(context.Context) error{
		d.clear, d.create, d.useNode, d.connect, d.threeRun, d.badBuild, d.takeBack, d.sleep, d.overview, d.visit,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	d.farewell()
	return nil
}

// open returns the running cluster, or starts one.
func open(ctx context.Context, dir string) (*cluster.Cluster, error) {
	if c, err := cluster.Open(dir); err == nil {
		return c, nil
	}
	title("Start Kubernetes and Argo CD on this machine")
	if err := cluster.Build(ctx, cluster.BuildOptions{Node: true, Log: os.Stdout}); err != nil {
		return nil, err
	}
	return cluster.Start(ctx, dir, cluster.Options{Projects: []string{project, "e2e-*"}, Node: true, Log: os.Stdout})
}

const project = "shop"

// argocdAPI is the Kubernetes API path of Argo CD's objects.
const argocdAPI = "/apis/argoproj.io/v1alpha1/namespaces/argocd/"

// clear removes the objects of an earlier demo.
func (d *demo) clear(ctx context.Context) error {
	_, err := d.API(ctx, http.MethodDelete, argocdAPI+"applicationsets/"+project, nil)
	if err != nil && !strings.Contains(err.Error(), "404") {
		return err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		apps, err := d.API(ctx, http.MethodGet, argocdAPI+"applications?limit=1&labelSelector=octopod.dev/project%3D"+project, nil)
		if err != nil {
			return err
		}
		if strings.Contains(string(apps), `"items":[]`) {
			return os.RemoveAll(filepath.Dir(d.envs))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *demo) create(ctx context.Context) error {
	title("Create an env repo")
	return d.run(ctx, 0, "init", "-q", "--project", project, "--base-domain", d.domain(), "--repo-url", "file://"+d.envs)
}

func (d *demo) connect(ctx context.Context) error {
	title("Connect Argo CD to it")
	for _, kind := range []string{"appproject", "applicationset"} {
		data, err := exec.CommandContext(ctx, "git", "-C", d.envs, "show", "HEAD:argocd/"+kind+".yaml").Output()
		if err != nil {
			return fmt.Errorf("reading argocd/%s.yaml: %w", kind, err)
		}
		if _, err := d.API(ctx, http.MethodPatch, argocdAPI+kind+"s/"+project+"?fieldManager=demo&force=true", data); err != nil {
			return err
		}
	}
	say("Argo CD's administrator has applied argocd/appproject.yaml and argocd/applicationset.yaml.")
	return nil
}

func (d *demo) threeRun(ctx context.Context) error {
	title("Deploy three branches")
	for _, build := range []struct{ branch, tag string }{{"login", "1f2e3d4"}, {"search", "5c0ffee"}, {"cart-total", "1b2c3d4"}} {
		if err := d.build(ctx, build.branch, build.tag); err != nil {
			return err
		}
		if err := d.deploy(ctx, 0, build.branch, build.tag, "--wait"); err != nil {
			return err
		}
	}
	return d.run(ctx, 0, "get")
}

func (d *demo) badBuild(ctx context.Context) error {
	title("Deploy a bad build: the container crashes")
	if err := d.buildBroken(ctx, "login", "crash-2a"); err != nil {
		return err
	}
	if err := d.deploy(ctx, 6, "login", "crash-2a", "--wait"); err != nil {
		return err
	}
	return d.run(ctx, 0, "get", "login")
}

func (d *demo) takeBack(ctx context.Context) error {
	title("Roll back")
	if err := d.run(ctx, 0, "rollback", "login", "--reason", "it crashes"); err != nil {
		return err
	}
	return d.run(ctx, 0, "wait", "login")
}

func (d *demo) sleep(ctx context.Context) error {
	title("Archive search over the weekend; its data stays")
	if err := d.run(ctx, 0, "archive", "search"); err != nil {
		return err
	}
	return d.run(ctx, 0, "wait", "search", "--for", "archived")
}

func (d *demo) overview(ctx context.Context) error {
	title("List all stagings")
	return d.run(ctx, 0, "get", "--all")
}

func (d *demo) farewell() {
	title("Your turn")
	fmt.Printf(`
  . %s
  export OCTOPOD_ENV_REPO=%s
  octopod get --watch          # in one terminal, and in another:
  octopod deploy --branch feature/login --service backend --image %s --wait
  argocd app list
  make cluster-down            # when you are done
`, d.EnvFile(), d.envs, shop.Image("backend", "missing-1"))
}

// deploy runs the command of a CI job for a branch.
func (d *demo) deploy(ctx context.Context, code int, branch, tag string, options ...string) error {
	args := append([]string{"deploy", "--branch", "feature/" + branch}, d.builds(tag)...)
	return d.run(ctx, code, append(args, options...)...)
}

// run prints and runs a command, and requires this exit code.
func (d *demo) run(ctx context.Context, code int, args ...string) error {
	fmt.Println("\n$ octopod", typed(args))
	cmd := exec.CommandContext(ctx, d.octopod, args...)
	cmd.Env = append(append(os.Environ(), d.Env()...), "OCTOPOD_ENV_REPO="+d.envs)
	cmd.Dir, cmd.Stdout, cmd.Stderr = d.Dir, os.Stdout, os.Stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		return fmt.Errorf("octopod %s: exit code %d instead of %d", args[0], got, code)
	}
	if code != 0 {
		say(fmt.Sprint("exit code ", code))
	}
	return nil
}

// typed formats arguments as a user would type them.
func typed(args []string) string {
	var words []string
	for _, arg := range args {
		if strings.Contains(arg, " ") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

func title(text string) { fmt.Printf("\n── %s\n", text) }
func say(text string)   { fmt.Printf("%s\n", text) }
