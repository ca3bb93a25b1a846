package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newMan returns `octopod man`.
func newMan(*cli) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIRECTORY",
		Short:   "Write the manual pages",
		Long:    "Write a manual page for every verb to a directory. Packages of Octopod have them already.",
		Example: "  octopod man ~/.local/share/man/man1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // pages of one version are the same on every day
			return doc.GenManTree(root, &doc.GenManHeader{Title: "OCTOPOD", Section: "1", Source: "Octopod " + readVersion().Version}, args[0])
		},
	}
}
