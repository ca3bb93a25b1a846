package main

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// column is one column of a table. In a narrow terminal, the table first cuts the
// columns with the highest shrink, and omits them if that is not enough. It never
// cuts a column with shrink 0.
type column struct {
	title  string
	shrink int
}

// cell is a text and its style.
type cell struct {
	text  string
	style style
}

const (
	columnGap = 2 // spaces between columns
	minCell   = 8 // the smallest width after a cut
)

// table prints rows under their titles. It returns the widths of the columns, for
// later rows.
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
		text := truncate(c.text, widths[i])
		b.WriteString(strings.Repeat(" ", pad) + p.paint(c.style, text))
		pad = widths[i] - utf8.RuneCountInString(text) + columnGap
	}
	p.printf("%s\n", b.String())
}

// fitWidths reduces the widths of a table to most in all. It omits columns (width 0)
// with the highest shrink until cutting the others is enough, and then cuts.
func fitWidths(columns []column, widths []int, most int) {
	var shrinking []int
	least := 0 // width of the table with every column cut
	for i, c := range columns {
		if c.shrink > 0 {
			shrinking = append(shrinking, i)
			least -= max(0, widths[i]-minCell)
		}
	}
	least += tableWidth(widths)
	slices.SortStableFunc(shrinking, func(a, b int) int { return cmp.Compare(columns[b].shrink, columns[a].shrink) })
	for _, i := range shrinking {
		if least > most {
			least -= min(widths[i], minCell) + columnGap
			widths[i] = 0
		}
	}
	for _, i := range shrinking {
		if over := tableWidth(widths) - most; over > 0 && widths[i] > minCell {
			widths[i] -= min(over, widths[i]-minCell)
		}
	}
}

// tableWidth returns the width of a table.
func tableWidth(widths []int) int {
	sum := -columnGap
	for _, w := range widths {
		if w > 0 {
			sum += w + columnGap
		}
	}
	return sum
}

// truncate shortens text to a width.
func truncate(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(0, width-1)]) + "…"
}
