package main

// The rules for output:
//
//   - stdout contains only the result, so that it can be piped; stderr contains
//     progress, notes, questions and errors.
//   - Colour only on a terminal, never with NO_COLOR, --no-color or TERM=dumb.
//     Colour never carries information alone.
//   - Without a terminal there are no progress bars and no questions.
//   - A table has no lines. On a terminal, a table that is too wide cuts its least
//     important columns with …, or omits them, but never names, addresses or
//     -o wide. Piped tables are never cut.
//   - Text from git has unknown authors: control characters in it become � and
//     never reach the terminal.
//   - Messages are lower case after the prefix "octopod:", without a full stop;
//     the hint follows after an arrow on its own line.

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

// printer writes to one stream and records its first error, so that a full disk or
// a closed pipe fails the program.
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

// Write writes bytes unchanged.
func (p *printer) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	if p.err == nil && err != nil {
		p.err = fmt.Errorf("writing the result: %w", err)
	}
	return n, err
}

// Err returns the first error.
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

// width returns the width of the terminal; 0 means unlimited.
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

// sanitize replaces control characters, which a terminal would execute.
func sanitize(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || isBidi(r)) {
			return '�'
		}
		return r
	}, text)
}

// oneLine sanitizes a text and joins its lines.
func oneLine(text string) string { return strings.Join(strings.Fields(sanitize(text)), " ") }

// isBidi reports whether a character changes the direction of text on a terminal.
func isBidi(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// shortRevision returns the short form of a revision.
func shortRevision(revision string) string { return revision[:min(len(revision), 7)] }

// wrap wraps words to helpWidth. All lines but the first begin with the indent; the
// first follows a text of the same length.
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

// helpWidth is the usual width of a terminal.
const helpWidth = 80
