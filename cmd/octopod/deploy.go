package main

import (
	"cmp"
	"context"

	"github.com/spf13/cobra"

	"octopod/generator/branch"
	"octopod/generator/staging"
)

// deployFlags are the flags of deploy, create and update.
type deployFlags struct {
	writeFlags
	valueFlags
	grant      grantFlags
	name       string
	branch     string
	services   []string
	images     []string
	commits    []string
	repository []string
	title      string
	pr         staging.PullRequest
	drop       []string
	join       string
	force      bool
	noCheck    bool
	outputs    string
	migrations string
}

func (o *deployFlags) addFlags(c *cli, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.branch, "branch", "", "`branch` of the application (default: from CI or the work tree)")
	f.StringArrayVar(&o.services, "service", nil, "`service` of --image, repeatable (default: from the repository and the name of the image)")
	f.StringArrayVar(&o.images, "image", nil, "image to deploy, as `[SERVICE=]REF`, repeatable")
	f.StringArrayVar(&o.commits, "commit", nil, "commit of the image, as `[SERVICE=]SHA` (default: from CI)")
	f.StringArrayVar(&o.repository, "repository", nil, "repository of the image, as `[SERVICE=]REPO` (default: from CI)")
	f.IntVar(&o.pr.Number, "pr", 0, "`number` of the pull request (default: from CI, like the next three)")
	f.StringVar(&o.pr.URL, "pr-url", "", "`address` of the pull request")
	f.StringVar(&o.pr.Title, "pr-title", "", "`title` of the pull request")
	f.StringVar(&o.pr.Author, "pr-author", "", "`author` of the pull request")
	f.StringVar(&o.migrations, "migrations", "", "tree `hash` of the migrations: $(git rev-parse HEAD:db/migrate); a rollback across a change of it warns")
	f.StringVar(&o.title, "title", "", "title of the staging: any `text`")
	f.StringArrayVar(&o.drop, "drop-preset", nil, "remove a `preset` from the staging, repeatable")
	f.StringVar(&o.join, "join", "", "deploy the build of this branch to the staging `NAME` of another branch")
	f.BoolVar(&o.force, "force", false, "deploy the build even if the staging runs a newer one")
	f.BoolVar(&o.noCheck, "no-image-check", false, "do not check that the registry has the images")
	f.StringVar(&o.outputs, "outputs", "", "write name, url, status, … to `FILE`: KEY=VALUE lines, or JSON if it ends in .json")
	o.valueFlags.addFlags(c, cmd)
	o.grant.addFlags(cmd)
	o.writeFlags.addFlags(cmd)
	addDataLossFlag(cmd, &o.writeFlags.allowDataLoss)
	nameFlag(cmd, &o.name)
	c.completeFlag(cmd, "service", completeServices)
	c.completeFlag(cmd, "image", completeImages)
	c.completeFlag(cmd, "drop-preset", completePresets)
	c.completeFlag(cmd, "name", completeNames)
	c.completeFlag(cmd, "join", completeNames)
	cmd.ValidArgsFunction = c.completion(completeOneName)
}

// newDeploy returns `octopod deploy`, the verb for CI.
func newDeploy(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deploy [NAME] [--branch BRANCH] [--service SERVICE --image REF]",
		Short: "Create or update the staging of a branch",
		Long: `Create the staging of a branch, or update it if it exists.

In CI, deploy reads branch, commit, repository, pull request and person from the
variables of the CI system; ` + "`octopod name --explain`" + ` shows them. Flags override the
variables. deploy writes its outputs to $GITHUB_OUTPUT and a job summary if the CI
system has them, and to the file of --outputs.

The name comes from the branch; pass NAME to choose another one. Builds of several
repositories share one staging if their branches have the same name, or with --join. A
service without a build of the branch runs the project's default image: the image of
the last deploy of its default branch. deploy renders and checks the staging before it
commits. It changes nothing if the staging runs the same build or a newer one, because
pipelines can finish out of order. If the project sets spec.images, deploy checks that
the registry has the image, and waits for it.

deploy also accepts the flags of Octopod 1: -n, -e KEY=VALUE, -E KEY, --set-app-config,
--unset-app-env-override, --set-deployment-config, --unset-deployment-override.`,
		Example: `  # In CI, after the build of a branch; --service is optional if only one
  # service is built in this repository
  octopod deploy --service backend \
      --image registry.example.com/shop/backend:1f2e3d4

  # By hand
  octopod deploy --branch feature/login --service backend \
      --image registry.example.com/shop/backend:1f2e3d4 --commit 1f2e3d4c5b6a

  # Add a frontend branch to the staging of a backend branch with another name
  octopod deploy --branch login-page --join feature-login \
      --image frontend=registry.example.com/shop/frontend:9a8b7c6

  # Deploy two services and a setting at once
  octopod deploy --branch feature/login --set LOG_LEVEL=debug \
      --image backend=registry.example.com/shop/backend:1f2e3d4 \
      --image frontend=registry.example.com/shop/frontend:9a8b7c6

  # Preview the changes of the manifests
  octopod deploy --branch feature/login --set LOG_LEVEL=debug --dry-run --diff`,
	}
	return c.deployVerb(cmd, staging.Deploy)
}

// deployVerb adds the flags and the action of deploy, create and update.
func (c *cli) deployVerb(cmd *cobra.Command, verb staging.Verb) *cobra.Command {
	o := deployFlags{}
	o.addFlags(c, cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		a, err := o.action(cmd, verb, args)
		if err != nil {
			return err
		}
		o.grant.fill(c, &a)
		origin, err := o.addDetected(cmd.Context(), c, &a)
		if err != nil {
			return err
		}
		to, err := c.connectInProcess(cmd.Context())
		if err != nil {
			return err
		}
		if a.Images, err = o.builds(cmd.Context(), cmd, to, origin); err != nil {
			return err
		}
		for name, b := range a.Images {
			a.Images[name] = withOrigin(b, origin)
		}
		recorder := &resultRecorder{backend: &imageWaiter{backend: to, cli: c}}
		err = c.apply(cmd.Context(), recorder, a, o.writeFlags)
		if recorder.applied {
			err = cmp.Or(err, c.writeOutputs(o.outputs, recorder.result))
		}
		return err
	}
	return cmd
}

func (o *deployFlags) action(cmd *cobra.Command, verb staging.Verb, args []string) (staging.Action, error) {
	a := staging.Action{Verb: verb, Name: o.join, Join: o.join != "", Force: o.force, NoImageCheck: o.noCheck, Branch: o.branch, DropPresets: o.drop, Migrations: o.migrations}
	if err := o.valueFlags.fill(&a); err != nil {
		return a, err
	}
	switch named := len(args) > 0 || o.name != ""; {
	case named && a.Join:
		return a, usage(cmd, "--join %s names the staging already", o.join)
	case a.Join && verb == staging.Create:
		return a, usage(cmd, "--join needs an existing staging: use deploy")
	case named:
		name, err := oneName(cmd, args, o.name)
		if err != nil {
			return a, err
		}
		a.Name = name
	}
	flags := cmd.Flags()
	if flags.Changed("branch") && o.branch == "" {
		return a, staging.Errorf(staging.CodeInvalid, "--branch is empty").
			WithHint("CI variables such as GITHUB_HEAD_REF are empty outside of pull requests; quote and check the one you pass")
	}
	if verb == staging.Create && a.Name != "" && a.Branch == "" {
		return a, usage(cmd, "a new staging needs --branch")
	}
	if flags.Changed("title") {
		a.Title = &o.title
	}
	switch {
	case o.pr.Number > 0:
		a.PullRequest = &o.pr
	case flags.Changed("pr"):
		return a, usage(cmd, "--pr %d is not the number of a pull request", o.pr.Number)
	case o.pr != staging.PullRequest{}:
		return a, usage(cmd, "--pr-url, --pr-title and --pr-author need --pr NUMBER")
	}
	return a, nil
}

// builds reads --image, --commit and --repository, each per service.
func (o *deployFlags) builds(ctx context.Context, cmd *cobra.Command, from finder, origin branch.Metadata) (map[string]staging.Build, error) {
	services := o.services
	if len(services) == 0 && needsService(o.images) {
		repository := cmp.Or(bareValue(o.repository), origin.Repository)
		var err error
		if services, err = inferServices(ctx, cmd, from, o.images, repository); err != nil {
			return nil, err
		}
	}
	images, err := perService(cmd, "--image", o.images, services)
	if err != nil {
		return nil, err
	}
	for _, s := range o.services {
		if _, ok := images[s]; !ok {
			return nil, usage(cmd, "--service %s needs an --image", s)
		}
	}
	return o.describeBuilds(cmd, images)
}

// describeBuilds adds commits and repositories to the images. A value without
// SERVICE= applies to every image.
func (o *deployFlags) describeBuilds(cmd *cobra.Command, images map[string]string) (map[string]staging.Build, error) {
	builds := map[string]staging.Build{}
	for name, ref := range images {
		builds[name] = staging.Build{Image: ref}
	}
	for _, given := range []struct {
		flag   string
		values []string
		put    func(*staging.Build, string)
	}{
		{"--commit", o.commits, func(b *staging.Build, v string) { b.Commit = v }},
		{"--repository", o.repository, func(b *staging.Build, v string) { b.Repository = v }},
	} {
		for _, value := range given.values {
			service, value, all := splitService(value)
			if _, ok := builds[service]; !ok && (!all || len(builds) == 0) {
				return nil, usage(cmd, "%s %s belongs to no --image", given.flag, value)
			}
			for name, b := range builds {
				if all || name == service {
					given.put(&b, value)
					builds[name] = b
				}
			}
		}
	}
	return builds, nil
}
