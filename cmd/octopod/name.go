package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// newName returns `octopod name`.
func newName(c *cli) *cobra.Command {
	var o branchFlags
	var explain bool
	cmd := &cobra.Command{
		Use:   "name [NAME|--branch BRANCH]",
		Short: "Print the name of a branch's staging",
		Long: `Print the name of a branch's staging. The name depends only on octopod.yaml and the
branch: with --project-file, the same input always gives the same name, without network
access.

With access to the env repo, name uses the form with a hash if another staging has the
name or one of its hosts, as deploy does. --explain also shows that form. With a NAME, -o json and --explain print the values
derived from it. An argument that is not a valid NAME counts as a branch. Without an
argument, --explain prints the CI variables that deploy uses.`,
		Example: `  octopod name --branch feature/login
  octopod name --explain
  octopod name feature-login -o json
  octopod name --branch feature/Login_v2 --project-file octopod.yaml --explain`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if explain && len(args) == 0 {
				c.explainDetected(cmd.Context(), o.branch)
			}
			p, branch, name, err := o.read(cmd.Context(), c, cmd, args)
			if err != nil {
				return err
			}
			if explain {
				c.explainName(p, branch, name)
			}
			if c.settings.machineReadable() {
				return c.encode(nameJSON(p, branch, name))
			}
			c.stdout.printf("%s\n", name)
			return nil
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&explain, "explain", false, "explain on stderr how the name is derived")
	return cmd
}

// nameJSON returns a name and the values derived from it, for -o json.
func nameJSON(p *project.Project, branch, name string) map[string]string {
	doc := map[string]string{"name": name, "namespace": p.Namespace(name), "application": p.Application(name)}
	if branch != "" {
		doc["branch"], doc["ifTaken"] = branch, p.Naming().HashedNameOf(branch)
	}
	return doc
}

// explainName prints how a name is derived, and the values derived from it.
func (c *cli) explainName(p *project.Project, branch, name string) {
	lines := []string{fmt.Sprintf("name         %s", name)}
	if branch != "" {
		lines = originOf(p.Naming(), branch, name)
	}
	lines = append(lines,
		fmt.Sprintf("longest      %d characters, so that namespace, hosts, Application and database fit", p.Naming().Budget),
		fmt.Sprintf("namespace    %s", p.Namespace(name)),
		fmt.Sprintf("Application  %s", p.Application(name)))
	for _, service := range p.ServiceNames() {
		if host := p.Host(service, name); host != "" {
			lines = append(lines, fmt.Sprintf("host         %s (%s)", host, service))
		}
	}
	c.stderr.printf("%s\n", strings.Join(lines, "\n"))
}

// originOf describes the steps from a branch to a name.
func originOf(naming staging.Naming, branch, name string) []string {
	hashed := naming.HashedNameOf(branch)
	lines := []string{fmt.Sprintf("branch       %s", oneLine(branch))}
	for _, prefix := range naming.StripPrefixes {
		if rest, ok := strings.CutPrefix(branch, prefix); ok && rest != "" {
			lines = append(lines, fmt.Sprintf("prefix       %s is stripped", prefix))
			break
		}
	}
	return append(lines, fmt.Sprintf("name         %s%s", name, hashReason(name, hashed)), fmt.Sprintf("if taken     %s", hashed))
}

func hashReason(name, hashed string) string {
	if name != hashed {
		return ""
	}
	return ", with a hash because characters were replaced, the name is too long or reserved, or another staging has the name or one of its hosts"
}
