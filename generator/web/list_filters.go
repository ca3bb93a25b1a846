package web

import (
	"slices"

	"octopod/generator/staging"
)

// filterLink is a link that selects a filter.
type filterLink struct {
	Label, URL string
	Count      int
	On         bool
}

// sortLink is the head of a column: a link that sorts by it, and the other way round
// when the list is sorted by it.
type sortLink struct {
	Label, URL, Column string
	Order              string // ascending, descending; empty if another column orders the list
}

// filterCounts counts, for each filter, the rows that a click on it would list: the
// rows that pass the search and the other filters.
type filterCounts struct {
	all, any, mine int // all without any filter, any with any status
	classes        map[cssClass]int
	marks          map[staging.TestState]int
	marked         bool // somebody tested a staging
}

func (c *filterCounts) add(r *cachedRow, h filterHits, mine bool) {
	c.all++
	c.marked = c.marked || r.view.Status.Tested != ""
	if h.search && h.mine && h.tested {
		c.any++
		c.classes[r.Status.Class]++
	}
	if h.search && h.mine && h.status {
		c.marks[r.view.Status.Tested]++
	}
	if h.search && h.status && h.tested && mine {
		c.mine++
	}
}

// selectRows returns the rows that match a query, in its order. A search orders by
// rank, unless the query names an order.
func selectRows(rows *rowList, q listQuery, by *viewerOfList, search search) ([]*cachedRow, filterCounts) {
	c := filterCounts{classes: map[cssClass]int{}, marks: map[staging.TestState]int{}}
	var chosen []rankedRow
	for r := range rows.ordered(q) {
		if r.Archived != q.Archived {
			continue
		}
		hits, rank := q.hits(r, by, search)
		c.add(r, hits, by.owns(r))
		if hits.all() {
			chosen = append(chosen, rankedRow{r, rank})
		}
	}
	if q.SortText() == "" && !search.empty() {
		slices.SortStableFunc(chosen, func(a, b rankedRow) int { return b.rank - a.rank })
	}
	found := make([]*cachedRow, len(chosen))
	for i, r := range chosen {
		found[i] = r.cachedRow
	}
	return found, c
}

// rankedRow is a row that a search found.
type rankedRow struct {
	*cachedRow
	rank int
}

// filters are the filters of a list, with the number of their rows.
type filters struct {
	Groups   []filterLink
	Marks    []filterLink
	MineLink filterLink
}

func newFilters(path string, q listQuery, c filterCounts) filters {
	q.Rows = rowsAtOnce
	link := func(change func(*listQuery)) string {
		changed := q
		change(&changed)
		return changed.url(path)
	}
	var f filters
	for _, group := range []struct {
		label string
		tone  cssClass
	}{{"All", ""}, {"Running", classGood}, {"In progress", classBusy}, {"Needs attention", classBad}, {"Unknown", classUnknown}} {
		if q.Archived || group.tone != "" && c.classes[group.tone] == 0 && q.Status != string(group.tone) {
			continue
		}
		count := c.classes[group.tone]
		if group.tone == "" {
			count = c.any
		}
		f.Groups = append(f.Groups, filterLink{group.label, link(func(q *listQuery) { q.Status = string(group.tone) }), count, q.Status == string(group.tone)})
	}
	for _, m := range testFilters {
		on := q.Tested == m.value
		if on || !q.Archived && c.marks[m.state] > 0 && c.marked { // without any test result, the filters are useless
			f.Marks = append(f.Marks, filterLink{m.label, link(func(q *listQuery) {
				if q.Tested = m.value; on {
					q.Tested = ""
				}
			}), c.marks[m.state], on})
		}
	}
	f.MineLink = filterLink{"Mine", link(func(q *listQuery) { q.Mine = !q.Mine }), c.mine, q.Mine}
	return f
}

// sortLinks returns the heads of the columns, in their order.
func sortLinks(path string, q listQuery) []sortLink {
	var links []sortLink
	for _, column := range []struct{ label, field, column string }{
		{"Status", "status", "how"}, {"Staging", "name", "what"}, {"Owner", "owner", "whose"}, {"Test result", "result", "mark"},
		{"Updated", "changed", "when"}, {"Created", "created", "created"}, {"Ends", "ends", "ends"},
	} {
		changed, order := q, ""
		changed.Sort, changed.Reverse = column.field, false
		if q.Sort == column.field {
			changed.Reverse, order = !q.Reverse, "ascending"
			if q.Reverse {
				order = "descending"
			}
		}
		links = append(links, sortLink{column.label, changed.url(path), column.column, order})
	}
	return links
}
