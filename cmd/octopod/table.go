package main

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// column is one column of a table. Where the terminal is too narrow, the
// columns that give most are cut, and left out when that is not enough; one
// that gives 0 never is.
type column struct {
	title  string
	shrink int
}

// cell is a text and how it looks.
type cell struct {
	text  string
	style style
}

const (
	gap     = 2 // spaces between columns
	minCell = 8 // a column is not cut below this
)

// table prints rows under their titles, the last column unpadded, and gives
// the widths for rows that come later.
func (p *printer) table(columns []column, rows [][]cell, headers bool) []int {
	if headers {
		titles := make([]cell, len(columns))
		for i, c := range columns {
			titles[i] = cell{c.title, dim}
		}
		rows = append([][]cell{titles}, rows...)
	}
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i := range row {
			row[i].text = oneLine(row[i].text)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i].text))
		}
	}
	if most := p.width(); most > 0 {
		fitWidths(columns, widths, most)
	}
	for _, row := range rows {
		p.row(row, widths)
	}
	return widths
}

func (p *printer) row(row []cell, widths []int) {
	var b strings.Builder
	pad := 0
	for i, c := range row {
		if widths[i] == 0 {
			continue
		}
		text := cut(c.text, widths[i])
		b.WriteString(strings.Repeat(" ", pad) + p.paint(c.style, text))
		pad = widths[i] - utf8.RuneCountInString(text) + gap
	}
	p.printf("%s\n", b.String())
}

// fitWidths makes a table fit. It leaves out (width 0) the columns that give most, as
// long as cutting the others would not be enough, and then cuts.
func fitWidths(columns []column, widths []int, most int) {
	var giving []int
	least := 0 // what the table needs when everything is cut
	for i, c := range columns {
		if c.shrink > 0 {
			giving = append(giving, i)
			least -= max(0, widths[i]-minCell)
		}
	}
	least += total(widths)
	slices.SortStableFunc(giving, func(a, b int) int { return cmp.Compare(columns[b].shrink, columns[a].shrink) })
	for _, i := range giving {
		if least > most {
			least -= min(widths[i], minCell) + gap
			widths[i] = 0
		}
	}
	for _, i := range giving {
		if over := total(widths) - most; over > 0 && widths[i] > minCell {
			widths[i] -= min(over, widths[i]-minCell)
		}
	}
}

// total is the width of a whole table.
func total(widths []int) int {
	sum := -gap
	for _, w := range widths {
		if w > 0 {
			sum += w + gap
		}
	}
	return sum
}

// cut shortens text to a width.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
