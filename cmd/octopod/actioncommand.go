package main

import (
	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// actionCommand completes the command of a verb that applies one action to one
// staging. fit selects the stagings that Tab suggests, nil for all; adjust sets
// further fields of the action, and may be nil.
func (c *cli) actionCommand(cmd *cobra.Command, verb staging.Verb, fit func(staging.Spec) bool, adjust func(*staging.Action)) *cobra.Command {
	var w writeFlags
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
	if verb == staging.Rollback {
		addDataLossFlag(cmd, &w.allowDataLoss)
	}
	nameFlag(cmd, &name)
	c.completeFlag(cmd, "name", namesWhere(fit))
	cmd.ValidArgsFunction = c.completion(firstArgument(namesWhere(fit)))
	return cmd
}

func isActive(s staging.Spec) bool   { return s.State == staging.Active }
func isInactive(s staging.Spec) bool { return s.State != staging.Active }
func isPinned(s staging.Spec) bool   { return s.Pinned != nil }
func isUnpinned(s staging.Spec) bool { return s.Pinned == nil }
