package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// branchFlags select the staging for name and url, which work offline.
type branchFlags struct {
	branch      string
	projectFile string
}

func (o *branchFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.branch, "branch", "", "`branch` of the application (default: from CI or the work tree)")
	cmd.Flags().StringVar(&o.projectFile, "project-file", "", "octopod.yaml to use (default: the env repo's, else the `file` in this directory)")
	_ = cmd.RegisterFlagCompletionFunc("branch", cobra.NoFileCompletions)
}

// read returns the project, the branch and the name of the staging. branch is "" if
// the arguments contain the name.
func (o *branchFlags) read(ctx context.Context, c *cli, cmd *cobra.Command, args []string) (p *project.Project, branch, name string, err error) {
	switch given := cmd.Flags().Changed("branch"); {
	case len(args) > 1:
		return nil, "", "", usage(cmd, "one staging at a time: %s are too many", strings.Join(args, ", "))
	case given && len(args) > 0:
		return nil, "", "", usage(cmd, "give a NAME or a --branch, not both")
	case !given && len(args) == 0:
		here, err := c.currentBranch(ctx)
		if err != nil {
			return nil, "", "", err
		}
		args = []string{"refs/heads/" + here.Branch}
	case given:
		args = []string{o.branch}
	case staging.IsLabel(args[0]):
		p, err = c.readProject(ctx, o.projectFile)
		return p, "", args[0], err
	}
	if branch, err = staging.ParseBranch(args[0]); err != nil {
		return nil, "", "", err
	}
	if p, err = c.readProject(ctx, o.projectFile); err != nil {
		return nil, "", "", err
	}
	name, err = c.nameOfBranch(ctx, p, branch, o.projectFile)
	return p, branch, name, err
}

// nameOfBranch returns the name of the staging of a branch, or the name that deploy
// would choose. Without an env repo, or with a project file, no name is taken.
func (c *cli) nameOfBranch(ctx context.Context, p *project.Project, branch, file string) (string, error) {
	if file != "" || c.settings.server == "" && c.envRepo() == "" {
		return p.Naming().NameOf(branch), nil
	}
	in, err := c.connect(ctx)
	if err != nil {
		return "", err
	}
	views, err := in.Find(ctx, staging.Query{All: true, Recorded: true})
	if err != nil {
		return "", err
	}
	owners := map[string]string{}
	for _, v := range views {
		if v.Spec.Branch == branch {
			return v.Metadata.Name, nil
		}
		owners[v.Metadata.Name] = cmp.Or(v.Spec.Branch, "(unreadable)")
	}
	return p.NameFor(branch, func(name string) (string, error) { return owners[name], nil })
}

// readProject reads octopod.yaml from the given file, the env repo, or the current
// directory, which needs no git.
func (c *cli) readProject(ctx context.Context, file string) (*project.Project, error) {
	if file == "" && c.settings.envRepo == "" && c.settings.server == "" {
		if _, err := os.Stat(project.File); err == nil {
			file = project.File
		}
	}
	if file == "" {
		in, err := c.connect(ctx)
		if err != nil {
			return nil, err
		}
		return in.Project(ctx)
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, staging.Errorf(staging.CodeNotFound, "there is no project file %s", file).
			WithHint("--project-file names an octopod.yaml, --env-repo the env repo that holds it")
	}
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "cannot read the project file").Because(err)
	}
	return project.Parse(data)
}
