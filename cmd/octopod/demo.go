package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// newDemo returns `octopod demo`: the main workflow on this machine, without other programs.
func newDemo(c *cli) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo [--dir DIR]",
		Short: "Run a demo in a scratch folder",
		Long: `Create an application with three branches and an env repo in a scratch folder. Deploy
every branch, change one staging, archive one, roll one back, and show the result.
The demo needs only this program. The folder stays, so that you can continue.`,
		Example: `  octopod demo
  octopod demo --dir ./octopod-demo`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := demoDir(dir)
			if err != nil {
				return err
			}
			c.env = demoEnv(c.env)
			d := demo{cli: c, dir: dir, envs: filepath.Join(dir, "envs.git"), app: filepath.Join(dir, "app.git")}
			return d.run(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`folder` to create (default: a temporary folder)")
	return cmd
}

// demoDir creates the folder, and rejects one that is not empty.
func demoDir(dir string) (string, error) {
	if dir == "" {
		made, err := os.MkdirTemp("", "octopod-demo-")
		if err != nil {
			return "", staging.Errorf(staging.CodeUnavailable, "cannot create a temporary folder").Because(err)
		}
		return made, nil
	}
	dir, err := filepath.Abs(dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", staging.Errorf(staging.CodeInvalid, "cannot create the folder %s", dir).Because(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		return "", staging.Errorf(staging.CodeExists, "%s is not empty", dir).WithHint("give a folder that does not exist yet")
	}
	return dir, nil
}

// demo runs the demo. It runs every command that it prints, in this process, and
// shows the output that a user would see.
type demo struct {
	*cli
	dir, envs, app string
	branches       []demoBranch
}

// The people of the demo.
const (
	tester  = "Quinn Tester <quinn@example.com>"
	manager = "Pat Manager <pat@example.com>"
)

func (d *demo) run(ctx context.Context) error {
	for _, section := range []func(context.Context) error{
		d.application, d.envRepo, d.deploys, d.override, d.archive, d.rollback, d.overview,
	} {
		if err := section(ctx); err != nil {
			return err
		}
	}
	d.nextSteps()
	return nil
}

func (d *demo) application(ctx context.Context) error {
	d.title("An application with three feature branches")
	branches, err := makeApp(ctx, d.app, d.now)
	d.branches = branches
	rows := make([][]cell, len(branches))
	for i, b := range branches {
		rows[i] = []cell{{b.name, bold}, {shortRevision(b.commit), yellow}, {b.author.Name, ""}, {b.subject, dim}}
	}
	if err == nil {
		d.stdout.printf("\n")
		d.stdout.table([]column{{"BRANCH", 0}, {"COMMIT", 0}, {"AUTHOR", 0}, {"SUBJECT", 1}}, rows, true)
	}
	return err
}

func (d *demo) envRepo(ctx context.Context) error {
	d.title("An env repo, from the sample project")
	if err := makeRepo(ctx, d.envs); err != nil {
		return err
	}
	d.command("export OCTOPOD_ENV_REPO=" + d.envs)
	return d.octopod(ctx, manager, "-q", "init", "--project", "shop", "--base-domain", "staging.example.com")
}

func (d *demo) deploys(ctx context.Context) error {
	d.title("CI builds every branch and deploys it")
	for _, b := range d.branches[1:] {
		if err := d.deploy(ctx, b); err != nil {
			return err
		}
	}
	d.printText("The same deploy again changes nothing: the same input gives the same bytes.")
	return d.deploy(ctx, d.branches[1])
}

// deploy runs the command of a CI job for a branch, as the author of the push.
func (d *demo) deploy(ctx context.Context, b demoBranch) error {
	return d.asCI(b.author.String()).octopod(ctx, "", "deploy", "--branch", b.name,
		"--service", "backend", "--image", "registry.example.com/shop/backend:"+shortRevision(b.commit), "--commit", b.commit)
}

func (d *demo) override(ctx context.Context) error {
	d.title("A tester changes two settings of one staging")
	return d.octopod(ctx, tester, "set", "login", "PAYMENT_GATEWAY=production", "LOG_LEVEL=debug", "--diff")
}

func (d *demo) archive(ctx context.Context) error {
	d.title("Archive search over the weekend; its data stays")
	return d.octopod(ctx, manager, "archive", "search")
}

func (d *demo) rollback(ctx context.Context) error {
	d.title("Deploy a bad build, and roll it back")
	bad, err := commitTo(ctx, d.app, d.branches[3], "Round the total twice", d.now)
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return d.deploy(ctx, bad) },
		func() error { return d.octopod(ctx, tester, "rollback", "cart-total", "--reason", "totals are wrong") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	d.printText("CI deploys the bad build again. Octopod rejects it until unpin:")
	err = d.deploy(ctx, bad)
	if staging.CodeOf(err) == staging.CodePinned {
		d.report(ctx, nil, err)
		d.printText("exit code 4")
		return nil
	}
	return err
}

func (d *demo) overview(ctx context.Context) error {
	d.title("List all stagings and their history")
	for _, command := range [][]string{{"get", "--all"}, {"history", "login"}, {"history", "cart-total"}} {
		if err := d.octopod(ctx, "", command...); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) nextSteps() {
	d.title("Your turn")
	d.stdout.printf("\n%s\n", strings.ReplaceAll(`The demo is in
  DIR

The env repo is a plain git repository, and each staging is plain kustomize:
  git -C DIR/envs.git log --stat
  git clone DIR/envs.git DIR/clone
  kubectl kustomize DIR/clone/envs/login

Try these commands:
  export OCTOPOD_ENV_REPO=DIR/envs.git
  octopod describe login
  octopod set login backend.replicas=2 --dry-run --diff
  octopod set login LOG_LEVEL=loud                        # rejected, with the reason
  octopod unpin cart-total
  octopod render login`, "DIR", d.dir))
}
