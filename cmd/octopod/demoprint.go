package main

import (
	"context"
	"maps"
	"strings"
)

// title prints the heading of a section of the demo.
func (c *cli) title(text string) { c.stdout.printf("\n\n%s\n", c.stdout.paint(bold, "── "+text)) }

func (c *cli) printText(text string) { c.stdout.printf("\n%s\n", text) }

// command prints a command for a shell, in lines of at most 78 columns.
func (c *cli) command(line string) {
	c.stdout.printf("\n%s\n", c.stdout.paint(cyan, "$ "+wrapCommand(line, 76)))
}

// wrapCommand breaks long lines of a command before flags.
func wrapCommand(line string, width int) string {
	var lines []string
	for current := ""; ; {
		head, rest, more := cutFlag(line)
		if current != "" && len(current)+len(head) > width {
			lines, current = append(lines, current), "   "
		}
		current += head
		if line = rest; !more {
			lines = append(lines, current)
			break
		}
	}
	return strings.Join(lines, " \\\n")
}

// cutFlag splits a command before its next flag.
func cutFlag(line string) (head, rest string, more bool) {
	i := strings.Index(line[1:], " --")
	if i < 0 {
		return line, "", false
	}
	return line[:i+1], line[i+1:], true
}

// octopod prints and runs one command of this program. actor is its author, ""
// for the author in the environment.
func (d *demo) octopod(ctx context.Context, actor string, args ...string) error {
	shown := args
	if args[0] == "-q" {
		shown = args[1:]
	}
	d.command("octopod " + shellJoin(shown))
	env := maps.Clone(d.env)
	if actor != "" {
		env["OCTOPOD_ACTOR"] = actor
		env["CI"] = "false"
	}
	step := newCLI(stdio{d.stdin, d.stdout.w, d.stderr.w}, env, d.now)
	step.stdout.disableColour(d.settings.noColor)
	defer step.close(ctx)
	root := newRoot(step)
	root.SetArgs(append([]string{"--env-repo", d.envs}, args...))
	return root.ExecuteContext(ctx)
}

// asCI returns a copy of the demo that runs as a CI job of actor.
func (d *demo) asCI(actor string) *demo {
	ci := *d.cli
	ci.env = maps.Clone(d.env)
	ci.env["CI"], ci.env["OCTOPOD_ACTOR"] = "true", actor
	copied := *d
	copied.cli = &ci
	return &copied
}

// shellJoin joins arguments to a command line, quoted for a shell.
func shellJoin(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = arg
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'\\$&|;<>()*?[]#~!`{}") {
			words[i] = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
