package main

import (
	"context"
	"os/exec"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// newOpen returns `octopod open`.
func newOpen(c *cli) *cobra.Command {
	var show bool
	cmd := &cobra.Command{
		Use:   "open NAME [LINK]",
		Short: "Open a staging or one of its links in the browser",
		Long: `Open a staging in the browser: its main service, or the given service or link.
` + "`octopod describe`" + ` lists them. Without a terminal, open only prints the address.`,
		Example: `  octopod open feature-login
  octopod open feature-login backend
  octopod open feature-login --print`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(cmd, "which staging?")
			}
			to, err := c.connect(cmd.Context())
			if err != nil {
				return err
			}
			address, err := findLink(cmd.Context(), to, args[0], strings.Join(args[1:], ""))
			if err != nil {
				return err
			}
			c.stdout.printf("%s\n", address)
			if show || !c.stdout.terminal {
				return nil
			}
			if err := browse(cmd.Context(), address); err != nil {
				c.note("cannot open a browser: %s", err)
			}
			return nil
		},
		ValidArgsFunction: c.completion(completeNameThen(completeLinks)),
	}
	cmd.Flags().BoolVar(&show, "print", false, "only print the address")
	return cmd
}

// findLink returns the address of a staging's link; link "" means the main service.
func findLink(ctx context.Context, from finder, name, link string) (string, error) {
	v, links, err := linksOf(ctx, from, name)
	if err != nil {
		return "", err
	}
	if link == "" && v.Status.URL != "" {
		return v.Status.URL, nil
	}
	if address, ok := v.Status.URLs[link]; ok {
		return address, nil
	}
	known := sortedKeys(v.Status.URLs)
	for _, l := range links {
		if strings.EqualFold(l.Name, link) {
			return l.URL, nil
		}
		known = append(known, l.Name)
	}
	if link == "" {
		return "", staging.Errorf(staging.CodeNotFound, "no service of %s has an address", name)
	}
	return "", staging.Errorf(staging.CodeNotFound, "%s has no link %q", name, link).WithHint("it has: %s", strings.Join(known, ", "))
}

func linksOf(ctx context.Context, from finder, name string) (staging.View, []project.Link, error) {
	views, err := from.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return staging.View{}, nil, err
	}
	p, err := from.Project(ctx)
	if err != nil {
		return staging.View{}, nil, err
	}
	return views[0], p.Links(views[0].Document.Staging()), nil
}

// completeLinks suggests the links of the staging in args.
func completeLinks(ctx context.Context, in backend, args []string, _ string) []string {
	v, links, err := linksOf(ctx, in, args[0])
	if err != nil {
		return nil
	}
	names := sortedKeys(v.Status.URLs)
	for _, l := range links {
		names = append(names, l.Name)
	}
	return names
}

// browse opens an address with the command of the desktop.
func browse(ctx context.Context, address string) error {
	command := map[string][]string{
		"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"},
	}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	return exec.CommandContext(ctx, command[0], append(command[1:], address)...).Run()
}
