package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// newURL returns `octopod url`.
func newURL(c *cli) *cobra.Command {
	var o branchFlags
	var service string
	cmd := &cobra.Command{
		Use:   "url [NAME|--branch BRANCH] [--service SERVICE]",
		Short: "Print the addresses of a staging",
		Long: `Print the address of a staging, even before the staging exists. The address depends only
on octopod.yaml and the name or branch. With access to the env repo, url uses the form
with a hash if another staging has the name or one of its hosts. -o wide prints every
service.`,
		Example: `  octopod url feature-login
  octopod url --branch feature/login
  octopod url --branch feature/login --service backend
  octopod url --branch feature/login -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, _, name, err := o.read(cmd.Context(), c, cmd, args)
			if err != nil {
				return err
			}
			urls := map[string]string{}
			for _, s := range p.ServiceNames() {
				if url := p.URL(s, name); url != "" {
					urls[s] = url
				}
			}
			if service == "" {
				service = p.MainService()
			} else if _, known := p.Spec.Services[service]; !known {
				return usage(cmd, "the project has no service %q: choose %s", service, strings.Join(p.ServiceNames(), ", "))
			}
			return c.showURLs(cmd, urls, service)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	o.addFlags(cmd)
	cmd.Flags().StringVar(&service, "service", "", "`service` of the address (default: the main service)")
	c.completeFlag(cmd, "service", completeServices)
	return cmd
}

func (c *cli) showURLs(cmd *cobra.Command, urls map[string]string, service string) error {
	switch {
	case c.settings.machineReadable():
		return c.encode(map[string]any{"url": urls[service], "urls": urls})
	case c.settings.output == "wide":
		var rows [][]cell
		for _, name := range sortedKeys(urls) {
			rows = append(rows, []cell{{name, ""}, {urls[name], cyan}})
		}
		c.stdout.table([]column{{"SERVICE", 0}, {"URL", 0}}, rows, true)
		return nil
	case urls[service] == "":
		return usage(cmd, "service %q has no address", service)
	}
	c.stdout.printf("%s\n", urls[service])
	return nil
}
