package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// changeOne makes a verb of one that does a single thing to one staging.
// adjust fills in what else the action needs; it may be nil.
func (c *cli) changeOne(cmd *cobra.Command, verb staging.Verb, adjust func(*staging.Action)) *cobra.Command {
	var w writing
	var name string
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		name, err := oneName(cmd, args, name)
		if err != nil {
			return err
		}
		a := staging.Action{Verb: verb, Name: name}
		if adjust != nil {
			adjust(&a)
		}
		return c.connectAndApply(cmd.Context(), a, w)
	}
	w.addFlags(cmd)
	nameFlag(cmd, &name)
	c.completeFlag(cmd, "name", completeNames)
	cmd.ValidArgsFunction = c.completion(completeOneName)
	return cmd
}
