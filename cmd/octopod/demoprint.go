package main

import (
	"context"
	"maps"
	"strings"
)

// title begins a chapter of the demo.
func (c *cli) title(text string) { c.stdout.printf("\n\n%s\n", c.stdout.paint(bold, "── "+text)) }

func (c *cli) say(text string) { c.stdout.printf("\n%s\n", text) }

// command shows a command the way a reader could type it, on lines of at most
// 78 columns.
func (c *cli) command(line string) {
	c.stdout.printf("\n%s\n", c.stdout.paint(cyan, "$ "+wrapCommand(line, 76)))
}

// wrapCommand breaks a command before its flags.
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

// cutFlag takes the words up to the next flag off a command.
func cutFlag(line string) (head, rest string, more bool) {
	i := strings.Index(line[1:], " --")
	if i < 0 {
		return line, "", false
	}
	return line[:i+1], line[i+1:], true
}

// octopod shows and runs one command of this very program, as somebody.
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

// asCI is the demo as CI on behalf of a person.
func (d *demo) asCI(actor string) *demo {
	ci := *d.cli
	ci.env = maps.Clone(d.env)
	ci.env["CI"], ci.env["OCTOPOD_ACTOR"] = "true", actor
	copied := *d
	copied.cli = &ci
	return &copied
}

// shellJoin quotes what a shell would take apart.
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
