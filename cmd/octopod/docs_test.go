package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// docs/cli.md contains the help of every verb. `make golden` generates it.
func TestTheManualIsUpToDate(t *testing.T) {
	const file = "../../docs/cli.md"
	want := manual(newTestRoot(t))
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/cli.md differs from the help; run `make golden` (-want +got):\n%s", diff)
	}
}

func manual(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# The command line\n\nWritten by `make golden` from the help of the program: do not edit.\n")
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(group.Title, ":"))
		for _, cmd := range root.Commands() {
			if cmd.GroupID == group.ID && !cmd.Hidden && cmd.Name() != "help" {
				writeVerb(&b, cmd)
			}
		}
	}
	for _, cmd := range root.Commands() {
		if cmd.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&b, "\n## %s\n\n%s", cmd.Short, block(cmd.Long))
		}
	}
	return b.String()
}

func writeVerb(b *strings.Builder, cmd *cobra.Command) {
	name := strings.TrimPrefix(cmd.CommandPath(), "octopod ")
	fmt.Fprintf(b, "\n### %s\n\n%s\n\n%s", name, strings.ReplaceAll(cmd.Long, "<", `\<`), block(cmd.UseLine()))
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(b, "\nAliases: %s.\n", strings.Join(cmd.Aliases, ", "))
	}
	b.WriteString("\n" + block(unindent(cmd.Example)))
	if cmd.HasAvailableLocalFlags() {
		b.WriteString("\n" + block(cmd.LocalFlags().FlagUsagesWrapped(helpWidth)))
	}
	for _, sub := range cmd.Commands() {
		writeVerb(b, sub)
	}
}

func block(text string) string { return "```\n" + strings.Trim(text, "\n") + "\n```\n" }

func unindent(text string) string {
	return strings.ReplaceAll(strings.TrimPrefix(text, "  "), "\n  ", "\n")
}

// Every --argocd flag in a hint exists.
func TestHintsNameExistingArgoCDFlags(t *testing.T) {
	root := newTestRoot(t)
	flag := regexp.MustCompile(`--(argocd-[a-z]+(?:-[a-z]+)*)`)
	err := fs.WalkDir(os.DirFS("../../generator"), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(filepath.Join("../../generator", path))
		for _, named := range flag.FindAllSubmatch(source, -1) {
			if root.PersistentFlags().Lookup(string(named[1])) == nil {
				t.Errorf("%s: there is no flag --%s", path, named[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
