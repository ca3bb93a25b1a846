package main

import (
	"github.com/spf13/cobra"
)

// newCompletion returns `octopod completion`.
func newCompletion(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print a completion script for your shell",
		Long: `Print a completion script for your shell. It completes verbs, flags, names of stagings,
settings and their values. Octopod reads names and settings from the env repo.`,
		Example: `  # bash: in ~/.bashrc
  source <(octopod completion bash)

  # zsh: once
  octopod completion zsh > "${fpath[1]}/_octopod"

  # fish: once
  octopod completion fish > ~/.config/fish/completions/octopod.fish`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(cmd, "which shell?")
			}
			root := cmd.Root()
			switch args[0] {
			case "bash":
				c.stdout.printf("%s\n", bashWords)
				return root.GenBashCompletionV2(c.stdout, true)
			case "zsh":
				return root.GenZshCompletion(c.stdout)
			case "fish":
				return root.GenFishCompletion(c.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.stdout)
			}
			return usage(cmd, "there is no completion for %q: choose bash, zsh, fish or powershell", args[0])
		},
	}
}

// bashWords replaces the one function of the bash-completion package that the
// script needs, if the package is missing, as in containers and on a new Mac. It
// splits the command line at spaces, since no completed word contains one.
const bashWords = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        local line=${COMP_LINE:0:COMP_POINT}
        read -ra words <<<"$line"
        [[ $line == *[[:space:]] ]] && words+=("")
        cword=$((${#words[@]} - 1))
        cur=${words[cword]}
        prev=${words[cword - 1]}
    }
fi
`
