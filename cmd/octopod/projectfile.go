package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// branchFlags are the flags of name and url, which answer offline.
type branchFlags struct {
	branch      string
	projectFile string
}

func (o *branchFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.branch, "branch", "", "`branch` of the application")
	cmd.Flags().StringVar(&o.projectFile, "project-file", "", "octopod.yaml to go by (default: the env repo's, else the `file` in this directory)")
	_ = cmd.RegisterFlagCompletionFunc("branch", cobra.NoFileCompletions)
}

// read gives the project and the branch, both checked.
func (o *branchFlags) read(ctx context.Context, c *cli, cmd *cobra.Command, args []string) (*project.Project, string, error) {
	if len(args) > 0 {
		return nil, "", usage(cmd, "give the branch with --branch")
	}
	if !cmd.Flags().Changed("branch") {
		return nil, "", usage(cmd, "which branch?")
	}
	branch, err := staging.Branch(o.branch)
	if err != nil {
		return nil, "", err
	}
	p, err := c.readProject(ctx, o.projectFile)
	return p, branch, err
}

// readProject reads octopod.yaml: the file that is named, the env repo's, or
// the one in this directory. The last needs no git at all.
func (c *cli) readProject(ctx context.Context, file string) (*project.Project, error) {
	if file == "" && c.settings.envRepo == "" {
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
		return nil, staging.Errorf(staging.CodeInvalid, "the project file cannot be read").Because(err)
	}
	return project.Parse(data)
}
