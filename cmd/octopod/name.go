package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/project"
)

// newName says what the staging of a branch is called.
func newName(c *cli) *cobra.Command {
	var o branchFlags
	var explain bool
	cmd := &cobra.Command{
		Use:   "name --branch BRANCH",
		Short: "Say what the staging of a branch is called",
		Long: `Say what the staging of a branch is called. It follows from octopod.yaml and the
branch alone: the same input gives the same name, always, with no network.

If the name belongs to another branch already, deploy takes the form with the hash,
which --explain shows too.`,
		Example: `  octopod name --branch feature/login
  octopod name --branch feature/Login_v2 --project-file octopod.yaml --explain`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, branch, err := o.read(cmd.Context(), c, cmd, args)
			if err != nil {
				return err
			}
			name := p.Naming().NameOf(branch)
			if explain {
				c.explainName(p, branch)
			}
			if c.settings.machine() {
				return c.encode(map[string]any{"branch": branch, "name": name, "ifTaken": p.Naming().HashedNameOf(branch),
					"namespace": p.Namespace(name), "application": p.Application(name)})
			}
			c.out.printf("%s\n", name)
			return nil
		},
	}
	o.addFlags(cmd)
	cmd.Flags().BoolVar(&explain, "explain", false, "say on stderr how the name comes about")
	return cmd
}

// explainName says how a name comes about, and what follows from it.
func (c *cli) explainName(p *project.Project, branch string) {
	naming := p.Naming()
	name, hashed := naming.NameOf(branch), naming.HashedNameOf(branch)
	lines := []string{fmt.Sprintf("branch       %s", inline(branch))}
	for _, prefix := range naming.StripPrefixes {
		if rest, ok := strings.CutPrefix(branch, prefix); ok && rest != "" {
			lines = append(lines, fmt.Sprintf("prefix       %s is cut off", prefix))
			break
		}
	}
	lines = append(lines,
		fmt.Sprintf("name         %s%s", name, whyHashed(name, hashed)),
		fmt.Sprintf("if taken     %s", hashed),
		fmt.Sprintf("longest      %d characters, so that namespace, hosts, Application and database fit", naming.Budget),
		fmt.Sprintf("namespace    %s", p.Namespace(name)),
		fmt.Sprintf("Application  %s", p.Application(name)))
	for _, service := range p.ServiceNames() {
		if host := p.Host(service, name); host != "" {
			lines = append(lines, fmt.Sprintf("host         %s (%s)", host, service))
		}
	}
	c.talk.printf("%s\n", strings.Join(lines, "\n"))
}

func whyHashed(name, hashed string) string {
	if name != hashed {
		return ""
	}
	return ", with a hash because characters were lost, or it is too long or reserved"
}
