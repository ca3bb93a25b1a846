package main

import (
	"fmt"
	"strconv"
	"strings"
)

// count returns "3 changed", or "" for 0.
func count(n int, what string) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + " " + what
}

// plural returns "1 problem" or "3 problems".
func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// progressBar shows progress on stderr: on a terminal in one changing line, else with
// a line per tenth of the work.
type progressBar struct {
	to    *printer
	quiet bool
	shown int
}

func (c *cli) newBar() *progressBar {
	return &progressBar{to: c.stderr, quiet: c.settings.quiet || c.settings.machineReadable()}
}

func (b *progressBar) show(name string, done, total int) {
	switch {
	case b.quiet || total < 2:
	case b.to.terminal:
		const length = 24
		full := length * done / total
		line := fmt.Sprintf("%s%s %d/%d %s", strings.Repeat("█", full), strings.Repeat("░", length-full), done, total, name)
		b.to.printf("\r\x1b[K%s", truncate(line, max(b.to.width()-1, length)))
	case done*10/total != b.shown && total >= 20:
		b.shown = done * 10 / total
		b.to.printf("%d/%d\n", done, total)
	}
}

// clear removes the bar from the terminal.
func (b *progressBar) clear() {
	if b.to.terminal && !b.quiet {
		b.to.printf("\r\x1b[K")
	}
}
