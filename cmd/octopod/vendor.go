package main

import (
	"context"

	"github.com/spf13/cobra"

	"octopod/generator/registry"
	"octopod/generator/setup"
)

// newVendor returns `octopod vendor`.
func newVendor(c *cli) *cobra.Command {
	var r setup.VendorRequest
	var diff bool
	cmd := &cobra.Command{
		Use:   "vendor oci://REGISTRY/CHART | https://HOST/CHART.tgz | REPOSITORY --chart NAME",
		Short: "Copy a Helm chart into the env repo",
		Long: `Copy a Helm chart, and the charts that it depends on, into charts/ of the env repo, in
one commit, in place of an earlier version. charts/NAME.lock.yaml records its source and
digest. A repository, as of helm repo add, has many charts: name one with --chart and
--version. Credentials are those of docker or podman for the registry or host.

Stagings that use the chart change with their next deploy, or with regenerate.`,
		Example: `  octopod vendor oci://ghcr.io/stefanprodan/charts/podinfo --version 6.9.0
  octopod vendor https://charts.example.com --chart podinfo --version 6.9.0
  octopod vendor https://example.com/charts/web-1.2.3.tgz --dry-run --diff`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, "which chart?")
			}
			r.Source, r.By = args[0], c.actor()
			return c.vendor(cmd.Context(), r, diff)
		},
	}
	cmd.Flags().StringVar(&r.Version, "version", "", "`version` of a chart in an OCI registry or a repository")
	cmd.Flags().StringVar(&r.Chart, "chart", "", "`name` of the chart in the repository")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "commit nothing")
	cmd.Flags().BoolVar(&diff, "diff", false, "print the changed lines")
	return cmd
}

func (c *cli) vendor(ctx context.Context, r setup.VendorRequest, diff bool) error {
	to, err := c.connectTo(ctx, c.envRepo())
	if err != nil {
		return err
	}
	charts := registry.New(registry.Options{UserCredentials: true, PlainHTTP: c.settings.allowPlainHTTP})
	result, err := to.Vendor(ctx, charts, r)
	if err != nil {
		return err
	}
	if !diff {
		result.Diff = ""
	}
	switch c.settings.output {
	case "json", "yaml":
		return c.encode(result)
	case "name":
		c.stdout.printf("%s\n", result.Path)
		return nil
	}
	c.showVendored(result, r)
	return nil
}

func (c *cli) showVendored(result setup.VendorResult, r setup.VendorRequest) {
	tail := " (" + shortRevision(result.Revision) + ")"
	switch {
	case len(result.Plan) == 0:
		tail = " (unchanged)"
	case r.DryRun:
		tail = " (dry run, nothing is committed)"
	}
	c.stdout.printf("vendored %s %s%s\n", c.stdout.paint(bold, result.Path), sanitize(result.Version), tail)
	c.stdout.printf("  %s\n", result.Digest)
	c.showPlan(result.Plan)
	if result.Diff != "" {
		c.showDiff(result.Diff)
	}
}
