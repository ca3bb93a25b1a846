package web

import (
	"bytes"
	"html/template"
	"iter"
	"slices"
	"sync"

	"octopod/generator"
	"octopod/generator/project"
)

// rowCache caches the rows of each role. An entry never changes, so a row is valid for as
// long as its entry and the project are the same.
type rowCache struct {
	mu      sync.Mutex
	project *project.Project
	roles   map[project.Role]*roleRows
}

// roleRows are the rows as one role sees them.
type roleRows struct {
	rows  map[generator.Entry]*cachedRow
	list  *rowList // of all stagings; nil before somebody who may read all of them
	limit int      // of rows, a quarter above the longest list
}

// minRows is the least limit of cached rows.
const minRows = 1024

// of returns the rows of a role. The cache is locked.
func (c *rowCache) of(role project.Role, p *project.Project) *roleRows {
	if c.project != p {
		c.project, c.roles = p, map[project.Role]*roleRows{}
	}
	if c.roles[role] == nil {
		c.roles[role] = &roleRows{rows: map[generator.Entry]*cachedRow{}, limit: minRows}
	}
	return c.roles[role]
}

// listOf returns the rows of entries. Those of all stagings are prepared once, until a
// staging changes.
func (req *projectRequest) listOf(entries generator.Entries) *rowList {
	c := &req.projectCache.rows
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.of(req.role, req.project)
	if kept.list != nil && kept.list.entries.Same(entries) {
		return kept.list
	}
	list := &rowList{entries: entries, rows: make([]*cachedRow, entries.Len()), orders: map[string][]*cachedRow{}}
	for i := range list.rows {
		list.rows[i] = kept.row(req, entries.At(i))
	}
	kept.limit = max(kept.limit, len(list.rows)*5/4)
	if entries.Whole() {
		kept.list = list
	}
	kept.prune()
	return list
}

// cachedRow returns the row of one entry.
func (req *projectRequest) cachedRow(entry generator.Entry) *cachedRow {
	c := &req.projectCache.rows
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.of(req.role, req.project)
	kept.prune()
	return kept.row(req, entry)
}

func (k *roleRows) row(req *projectRequest, entry generator.Entry) *cachedRow {
	row := k.rows[entry]
	if row == nil {
		seen := req.View(entry)
		row = &cachedRow{row: req.row(seen), view: seen}
		row.lowerTexts, row.places = lower(row.searchTexts()), row.searchPlaces()
		k.rows[entry] = row
	}
	return row
}

// prune drops the rows that the list of all stagings does not have, when there are too many.
func (k *roleRows) prune() {
	if len(k.rows) <= k.limit {
		return
	}
	k.rows = map[generator.Entry]*cachedRow{}
	if k.list != nil {
		for i, row := range k.list.rows {
			k.rows[k.list.entries.At(i)] = row
		}
	}
}

// rowList is the list of some entries, and its orders.
type rowList struct {
	entries generator.Entries
	rows    []*cachedRow // by name

	mu     sync.Mutex
	orders map[string][]*cachedRow // by sort field
}

// ordered returns the rows in the order of a query.
func (l *rowList) ordered(q listQuery) iter.Seq[*cachedRow] {
	l.mu.Lock()
	defer l.mu.Unlock()
	rows := l.orders[q.Sort]
	if rows == nil {
		rows = slices.Clone(l.rows)
		order := byField(q.Sort)
		slices.SortFunc(rows, func(a, b *cachedRow) int { return order(a.row, b.row) })
		l.orders[q.Sort] = rows
	}
	if !q.Reverse {
		return slices.Values(rows)
	}
	return func(yield func(*cachedRow) bool) {
		for _, r := range slices.Backward(rows) {
			if !yield(r) {
				return
			}
		}
	}
}

// rowHTML renders a row. The result is cached unless a search highlights text.
func (s *Server) rowHTML(r *cachedRow, search search) (template.HTML, error) {
	if !search.empty() {
		marked := *r.row
		marked.search = search
		return s.renderRow(&marked)
	}
	r.once.Do(func() { r.html, r.err = s.renderRow(r.row) })
	return r.html, r.err
}

func (s *Server) renderRow(r *row) (template.HTML, error) {
	var out bytes.Buffer
	err := s.pages.render(&out, "list", "row", r)
	return template.HTML(out.String()), err // escaped by the template
}
