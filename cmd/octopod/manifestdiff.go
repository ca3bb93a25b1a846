package main

import "strings"

// showDiff prints a unified diff, in colour on a terminal.
func (c *cli) showDiff(diff string) {
	for line := range strings.Lines(diff) {
		c.stdout.printf("%s\n", c.stdout.paint(diffStyle(line), sanitize(strings.TrimRight(line, "\n"))))
	}
}

func diffStyle(line string) style {
	switch {
	case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		return bold
	case strings.HasPrefix(line, "@@"):
		return cyan
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	}
	return ""
}
