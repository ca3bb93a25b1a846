package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// addHelp sets the form of help for every verb: description, usage, examples and
// its own flags. The common flags of all verbs are on the page `octopod options`.
func addHelp(root *cobra.Command) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { cmd.Print(helpOf(cmd)) })
	root.SetHelpCommand(newHelp(root))
	root.AddCommand(newExitCodes(), newConfiguration(), newOptions(root))
}

func helpOf(cmd *cobra.Command) string {
	text := strings.TrimSpace(cmd.Long)
	if text == "" {
		text = cmd.Short
	}
	parts := []string{reflow(text)}
	if cmd.Runnable() && cmd.HasParent() {
		parts = append(parts, "Usage:\n  "+wrap(cmd.UseLine(), "      "))
	}
	if len(cmd.Aliases) > 0 {
		parts = append(parts, "Aliases:\n  "+strings.Join(cmd.Aliases, ", "))
	}
	if cmd.Example != "" {
		parts = append(parts, "Examples:\n"+cmd.Example)
	}
	parts = append(parts, verbsOf(cmd)...)
	if cmd.Runnable() && cmd.HasParent() {
		parts = append(parts, "Flags:\n"+strings.TrimRight(cmd.LocalFlags().FlagUsagesWrapped(helpWidth), "\n"))
	}
	if cmd.Runnable() {
		parts = append(parts, "`octopod options` lists the flags of every verb.")
	}
	return strings.Join(parts, "\n\n") + "\n"
}

// verbsOf returns the verbs by group, and the help pages.
func verbsOf(root *cobra.Command) []string {
	if !root.HasSubCommands() {
		return nil
	}
	if root.HasParent() {
		return []string{listVerbs("Verbs:", root, (*cobra.Command).IsAvailableCommand)}
	}
	var parts []string
	for _, group := range root.Groups() {
		parts = append(parts, listVerbs(group.Title, root, func(cmd *cobra.Command) bool {
			return cmd.GroupID == group.ID && (cmd.IsAvailableCommand() || cmd.Name() == "help")
		}))
	}
	return append(parts, listVerbs("Help pages:", root, (*cobra.Command).IsAdditionalHelpTopicCommand),
		"`octopod help VERB` describes a verb.")
}

func listVerbs(title string, root *cobra.Command, belongs func(*cobra.Command) bool) string {
	for _, cmd := range root.Commands() {
		if belongs(cmd) {
			title += fmt.Sprintf("\n  %-*s  %s", cmd.NamePadding(), cmd.Name(), cmd.Short)
		}
	}
	return title
}

// newHelp returns `octopod help`. Unlike cobra's, it fails for an unknown verb.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [VERB]", GroupID: "more", Short: "Help about a verb", Long: "Help about a verb, or a help page.",
		Example:           "  octopod help deploy\n  octopod help exit-codes",
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil }, // help works with invalid settings
		ValidArgsFunction: func(_ *cobra.Command, args []string, typed string) (words []string, _ cobra.ShellCompDirective) {
			for _, cmd := range root.Commands() {
				if len(args) == 0 && !cmd.Hidden && strings.HasPrefix(cmd.Name(), typed) {
					words = append(words, withDescription(cmd.Name(), cmd.Short))
				}
			}
			return words, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, _, err := root.Find(args)
			if err != nil || cmd == root && len(args) > 0 {
				return unknownVerb(root, args[0])
			}
			return cmd.Help()
		},
	}
}

// newOptions returns `octopod options`: the flags of every verb.
func newOptions(root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "options", Short: "Flags of every verb",
		Long: "Every verb accepts these flags.\n\n" + root.PersistentFlags().FlagUsagesWrapped(helpWidth)}
}

// reflow wraps paragraphs. A paragraph with an indented line is a list or an
// example and stays unchanged.
func reflow(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		if !strings.HasPrefix(p, " ") && !strings.Contains(p, "\n ") {
			paragraphs[i] = wrap(p, "")
		}
	}
	return strings.Join(paragraphs, "\n\n")
}

// newExitCodes returns `octopod help exit-codes`.
func newExitCodes() *cobra.Command {
	var b strings.Builder
	b.WriteString("Every verb returns one of these exit codes.\n\n")
	for _, row := range exitCodes {
		var codes []string
		for _, code := range row.codes {
			codes = append(codes, string(code))
		}
		text := row.means
		if len(codes) > 0 {
			text += " (" + strings.Join(codes, ", ") + ")"
		}
		fmt.Fprintf(&b, "%4d  %s\n", row.exit, wrap(text, "      "))
	}
	b.WriteString("\n-o json returns the codes in brackets.\n" +
		"diff and regenerate --check: 0 same, 1 different, 2 or more: error.")
	return &cobra.Command{Use: "exit-codes", Short: "Exit codes of all verbs", Long: b.String()}
}
