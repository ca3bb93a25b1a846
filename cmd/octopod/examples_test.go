package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// Every example in the help is valid: its verb and its flags exist, and the verb accepts
// its arguments.
func TestEveryExampleIsValid(t *testing.T) {
	eachVerb(newTestRoot(t), func(cmd *cobra.Command) {
		if cmd.Runnable() && !cmd.Hidden && cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if !cmd.Hidden && (cmd.Short == "" || cmd.Long == "") && cmd.Name() != "help" {
			t.Errorf("%s has no description", cmd.CommandPath())
		}
		for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", " ")) {
			line = strings.TrimSpace(line)
			if _, command, ok := strings.Cut(line, "<("); ok { // source <(octopod completion bash)
				line = strings.TrimSuffix(command, ")")
			}
			if setting, command, _ := strings.Cut(line, " octopod "); strings.Contains(setting, "=") && !strings.HasPrefix(line, "octopod") {
				line = "octopod " + command // OCTOPOD_SERVER=… octopod get
			}
			if line, _, _ = strings.Cut(line, " > "); !strings.HasPrefix(line, "octopod") {
				if line != "" && !strings.HasPrefix(line, "#") {
					t.Errorf("%s: the example %q is no command", cmd.CommandPath(), line)
				}
				continue
			}
			t.Run(line, func(t *testing.T) { checkCommand(t, shellWords(t, line)[1:]) })
		}
	})
}

func newTestRoot(t *testing.T) *cobra.Command {
	t.Helper()
	return newRoot(newCLI(stdio{strings.NewReader(""), t.Output(), t.Output()}, environ{}, nil))
}

func eachVerb(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, sub := range cmd.Commands() {
		eachVerb(sub, visit)
	}
}

func checkCommand(t *testing.T, args []string) {
	root := newTestRoot(t)
	cmd, rest, err := root.Find(args)
	if err != nil || cmd == root && len(args) > 0 {
		t.Fatalf("there is no such verb: %v", err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatal(err)
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		t.Fatal(err)
	}
}

// shellWords splits a line like a shell, as far as the examples need.
func shellWords(t *testing.T, line string) []string {
	t.Helper()
	var words []string
	var word strings.Builder
	quote, open := rune(0), false
	for _, r := range line + " " {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, open = r, true
		case quote == 0 && r == ' ':
			if word.Len() > 0 || open {
				words = append(words, word.String())
			}
			word.Reset()
			open = false
		default:
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		t.Errorf("a quote is not closed: %s", line)
	}
	return words
}

// Every flag has a description.
func TestEveryFlagIsDescribed(t *testing.T) {
	eachVerb(newTestRoot(t), func(cmd *cobra.Command) {
		for line := range strings.Lines(cmd.LocalFlags().FlagUsages()) {
			if fields := strings.Fields(line); len(fields) < 3 {
				t.Errorf("%s: a flag is not described: %s", cmd.CommandPath(), line)
			}
		}
	})
}

// The help fits a terminal of the usual width.
func TestHelpFitsATerminal(t *testing.T) {
	eachVerb(newTestRoot(t), func(cmd *cobra.Command) {
		for line := range strings.Lines(helpOf(cmd)) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
	})
}
