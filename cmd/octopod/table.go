package main

import (
	"strings"
	"unicode/utf8"
)

// column is one column of a table. A higher give is cut first when the
// terminal is too narrow; give 0 is never cut.
type column struct {
	title string
	give  int
}

// cell is a text and how it looks.
type cell struct {
	text  string
	style style
}

const (
	gap       = 2 // spaces between columns
	leastCell = 8 // a column is not cut below this
)

// table prints rows under their titles, the last column unpadded.
func (p *printer) table(columns []column, rows [][]cell, headers bool) {
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = len(c.title)
		for _, row := range rows {
			row[i].text = inline(row[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	fit(columns, widths, p.width())
	if headers {
		titles := make([]cell, len(columns))
		for i, c := range columns {
			titles[i] = cell{c.title, dim}
		}
		p.row(titles, widths)
	}
	for _, row := range rows {
		p.row(row, widths)
	}
}

func (p *printer) row(row []cell, widths []int) {
	var b strings.Builder
	for i, c := range row {
		text := cut(c.text, widths[i])
		b.WriteString(p.paint(c.style, text))
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+gap))
		}
	}
	p.printf("%s\n", strings.TrimRight(b.String(), " "))
}

// fit narrows columns until the table fits, those that give most first.
func fit(columns []column, widths []int, most int) {
	over := -most + gap*(len(widths)-1)
	for _, w := range widths {
		over += w
	}
	for give := len(columns); give > 0 && most > 0; give-- {
		for i, c := range columns {
			if c.give == give && over > 0 {
				less := min(over, max(0, widths[i]-max(leastCell, len(c.title))))
				widths[i] -= less
				over -= less
			}
		}
	}
}

// cut shortens text to a width.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
