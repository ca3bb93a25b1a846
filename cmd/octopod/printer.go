package main

// How Octopod talks to people:
//
//   - stdout is the result and nothing else, so that it can be piped; stderr
//     is the conversation: progress, notes, questions, errors.
//   - Colour only on a terminal, never with NO_COLOR, --no-color or TERM=dumb.
//     Nothing is said by colour alone.
//   - Nothing moves without a terminal: no progress bar, no question.
//   - A table has no lines. On a terminal what matters least is cut with …, or
//     left out, so that it does not wrap; names, addresses and -o wide never
//     are. Piped, nothing is cut.
//   - What comes out of git was written by others, so control characters in it
//     are shown as � and never reach the terminal.
//   - Messages: lower case after the prefix "octopod:", no full stop; what to
//     do next comes after an arrow on a line of its own.

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// style is an ANSI code.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// printer writes to one stream and remembers its first failure, so that a full
// disk or a closed pipe is not taken for success.
type printer struct {
	w        io.Writer
	terminal bool
	colour   bool
	fd       int
	err      error
}

func newPrinter(w io.Writer, env environ) *printer {
	p := &printer{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.fd, p.terminal = int(f.Fd()), true
		p.colour = env["NO_COLOR"] == "" && env["TERM"] != "dumb"
	}
	return p
}

// Write passes bytes on as they are.
func (p *printer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if p.err == nil && err != nil {
		p.err = fmt.Errorf("writing the result: %w", err)
	}
	return n, err
}

// Err is the first failure.
func (p *printer) Err() error { return p.err }

func (p *printer) printf(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// disableColour turns colour off.
func (p *printer) disableColour(off bool) { p.colour = p.colour && !off }

func (p *printer) paint(s style, text string) string {
	if !p.colour || s == "" || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// width is how many columns there are; 0 means any number.
func (p *printer) width() int {
	if !p.terminal {
		return 0
	}
	columns, _, err := term.GetSize(p.fd)
	if err != nil {
		return 0
	}
	return columns
}

// sanitize makes text from elsewhere harmless: a terminal obeys control characters.
func sanitize(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || isBidi(r)) {
			return '�'
		}
		return r
	}, text)
}

// oneLine is plain on one line.
func oneLine(text string) string { return strings.Join(strings.Fields(sanitize(text)), " ") }

// isBidi finds the marks that make a terminal show text in another order.
func isBidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// short is a revision in tables.
func short(revision string) string { return revision[:min(len(revision), 7)] }

// wrap fills lines with words; all but the first begin with the indent, and
// something as long stands before the first.
func wrap(text, indent string) string {
	var b strings.Builder
	column := len(indent)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > helpWidth:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// helpWidth is the width of a terminal that nobody has made wider.
const helpWidth = 80
