package web

import (
	"bytes"
	"html/template"

	"octopod/generator"
)

// cachedRows returns the rows of entries. It empties the cache when the cache exceeds
// its limit.
func (req *projectRequest) cachedRows(entries ...generator.Entry) []*cachedRow {
	c := &req.projectCache.rows
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = max(c.limit, 4*len(entries), 1024)
	if c.project != req.project || len(c.rows) > c.limit {
		c.project, c.rows = req.project, map[rowKey]*cachedRow{}
	}
	rows := make([]*cachedRow, 0, len(entries))
	for _, entry := range entries {
		key := rowKey{entry, req.role}
		kept := c.rows[key]
		if kept == nil {
			seen := req.View(entry)
			kept = &cachedRow{row: req.row(seen), view: seen}
			kept.lowerTexts, kept.places = lower(kept.searchTexts()), kept.searchPlaces()
			c.rows[key] = kept
		}
		rows = append(rows, kept)
	}
	return rows
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
