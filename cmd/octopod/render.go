package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"octopod/generator/render"
	"octopod/generator/staging"
)

// newRender returns `octopod render`.
func newRender(c *cli) *cobra.Command {
	var revision string
	cmd := &cobra.Command{
		Use:   "render NAME",
		Short: "Print the manifests of a staging",
		Long: `Print the committed objects of a staging, at the tip or at a revision. The output equals
the output of kustomize build or jsonnet for the same directory, sorted.`,
		Example: `  octopod render feature-login
  octopod render feature-login --revision 1f2e3d4 -o json
  octopod render feature-login -o name`,
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := oneName(cmd, args, "")
			if err != nil {
				return err
			}
			to, err := c.connectInProcess(cmd.Context())
			if err != nil {
				return err
			}
			objects, err := to.Manifests(cmd.Context(), name, revision)
			if err != nil {
				return err
			}
			return c.showObjects(objects)
		},
		ValidArgsFunction: c.completion(completeOneName),
	}
	cmd.Flags().StringVar(&revision, "revision", "", "`commit` of the env repo (default: the tip)")
	c.completeFlag(cmd, "revision", completeRevisions)
	return cmd
}

func (c *cli) showObjects(objects []staging.Object) error {
	switch c.settings.output {
	case "name":
		for _, o := range objects {
			c.stdout.printf("%s\n", oneLine(o.String()))
		}
	case "json":
		return c.encodeObjects(objects)
	default:
		text, err := render.Manifests(objects)
		if err == nil {
			_, err = c.stdout.Write(text)
		}
		if err != nil {
			return fmt.Errorf("writing the manifests: %w", err)
		}
	}
	return nil
}

// encodeObjects prints a List, as kubectl does.
func (c *cli) encodeObjects(objects []staging.Object) error {
	items := make([]json.RawMessage, len(objects))
	for i, o := range objects {
		items[i] = bytes.TrimSpace(o.JSON)
	}
	return c.encode(map[string]any{"apiVersion": "v1", "kind": "List", "items": items})
}
