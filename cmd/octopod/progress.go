package main

import (
	"fmt"
	"strconv"
	"strings"
)

// count is "3 changed", "" for none.
func count(n int, what string) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n) + " " + what
}

// plural is "1 problem" or "3 problems".
func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// progressBar is a progress bar on stderr: on a terminal one line that moves, else a
// line for every tenth of the work.
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
		b.to.printf("\r\x1b[K%s", cut(line, max(b.to.width()-1, length)))
	case done*10/total != b.shown && total >= 20:
		b.shown = done * 10 / total
		b.to.printf("%d/%d\n", done, total)
	}
}

// clear takes the bar off the terminal.
func (b *progressBar) clear() {
	if b.to.terminal && !b.quiet {
		b.to.printf("\r\x1b[K")
	}
}
