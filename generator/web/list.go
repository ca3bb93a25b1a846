package web

import (
	"bytes"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// listQuery is what a list is asked for. All of it is in the address.
type listQuery struct {
	Query  string
	Sort   string // changed (default), name, created, status
	Status string // a tone; empty for all
	Tested string // what its mark is worth, as a selector has it; empty for all
	Mine   bool
	// Archived lists the archived stagings alone.
	Archived bool
}

func parseListQuery(values url.Values, archived bool) listQuery {
	q := listQuery{Query: values.Get("q"), Sort: "changed", Mine: values.Has("mine"), Archived: archived}
	if sort := values.Get("sort"); slices.Contains([]string{"name", "created", "status"}, sort) {
		q.Sort = sort
	}
	if status := cssClass(values.Get("status")); slices.Contains([]cssClass{classGood, classBusy, classBad, classUnknown}, status) {
		q.Status = string(status)
	}
	if tested := values.Get("tested"); slices.ContainsFunc(testFilters, func(m testFilter) bool { return m.value == tested }) {
		q.Tested = tested
	}
	return q
}

// values is the question as an address holds it.
func (q listQuery) values() url.Values {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	set("q", q.Query)
	set("status", q.Status)
	set("tested", q.Tested)
	if q.Sort != "changed" {
		set("sort", q.Sort)
	}
	if q.Mine {
		values.Set("mine", "1")
	}
	return values
}

// matches tells whether a row is asked for, whatever is searched.
func (q listQuery) matches(r *cachedRow, viewer staging.Person) bool {
	return r.Archived == q.Archived && (!q.Mine || r.isOwnedBy(viewer)) && (q.Status == "" || string(r.Status.Class) == q.Status) &&
		(q.Tested == "" || staging.Requirement{Field: "tested", Value: q.Tested}.Matches(*r.view))
}

// testFilter is a filter by what stagings were found to be.
type testFilter struct {
	label, value string
	state        staging.TestState
}

var testFilters = []testFilter{
	{"Tested", "tested", staging.TestStateTested}, {"Broken", "broken", staging.TestStateBroken},
	{"To try again", "outdated", staging.TestStateOutdated}, {"Not tried yet", "none", ""},
}

// listPage is the page of all stagings, and that of the archived ones.
type listPage struct {
	frame
	listQuery
	Path    string
	Rows    []template.HTML
	Found   int // rows that answer the question; Rows may be fewer
	All     int // of this kind, whatever is searched
	Groups  []filterLink
	Marks   []filterLink
	Sorts   []filterLink
	Mine    filterLink
	Fresh   freshness
	Events  string // address of the stream
	Loading bool
}

// filterLink is a filter or an order, as a link.
type filterLink struct {
	Label, URL string
	Count      int
	On         bool
}

// freshness says how far a page can be trusted.
type freshness struct {
	At       timestamp
	EnvRepo  bool // cannot be read
	Statuses bool // cannot be asked for
	Detail   string
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	return s.showList(w, r, req, false)
}

func (s *Server) archived(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	return s.showList(w, r, req, true)
}

func (s *Server) showList(w http.ResponseWriter, r *http.Request, req *projectRequest, archived bool) error {
	title, here := "Stagings", "list"
	if archived {
		title, here = "Archived stagings", "archived"
	}
	q := parseListQuery(r.URL.Query(), archived)
	page := listPage{frame: s.frame(r, req, title, here), listQuery: q, Path: r.URL.Path}
	if err := s.fillList(&page, req, q); err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "true" {
		return s.pages.fragment(w, "list", "results", page)
	}
	return s.pages.show(w, http.StatusOK, "list", page)
}

// maxResults bounds what one search shows: who sees so many has not found it yet.
const maxResults = 100

func (s *Server) fillList(page *listPage, req *projectRequest, q listQuery) error {
	after := req.Feed.Sequence() // first: an update in between is then sent twice, and none is missed
	views, trust := req.Feed.Views()
	page.Fresh, page.Loading = req.freshness(trust), trust.EnvRepo.At.IsZero() && trust.EnvRepo.Err == nil
	rows := req.cachedRows(views...)
	search := newSearch(q.Query)
	chosen, counts := selectRows(rows, q, req.viewer.Person, search)
	page.All, page.Found = counts.all, len(chosen)
	if !search.empty() {
		chosen = chosen[:min(len(chosen), maxResults)]
	}
	for _, c := range chosen {
		html, err := s.rowHTML(c, search)
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, html)
	}
	page.addFilters(q, counts)
	values := q.values()
	values.Set("after", sequenceText(after))
	if q.Archived {
		values.Set("archived", "1")
	}
	page.Events = req.path("events?" + values.Encode())
	return nil
}

// filterCounts is how many rows each filter would leave.
type filterCounts struct {
	all, mine int
	classes   map[cssClass]int
	marks     map[staging.TestState]int
}

// selectRows gives the rows that answer a question, in its order. A search has an
// order of its own.
func selectRows(rows []*cachedRow, q listQuery, viewer staging.Person, search search) ([]*cachedRow, filterCounts) {
	c := filterCounts{classes: map[cssClass]int{}, marks: map[staging.TestState]int{}}
	ranks := map[*cachedRow]int{}
	var chosen []*cachedRow
	for _, r := range rows {
		if r.Archived != q.Archived {
			continue
		}
		c.all++
		c.classes[r.Status.Class]++
		c.marks[r.view.Status.Tested]++
		if r.isOwnedBy(viewer) {
			c.mine++
		}
		if !q.matches(r, viewer) {
			continue
		}
		if !search.empty() {
			if ranks[r] = search.rank(r.lowerTexts); ranks[r] == 0 {
				continue
			}
		}
		chosen = append(chosen, r)
	}
	order := byField(q.Sort)
	slices.SortFunc(chosen, func(a, b *cachedRow) int {
		if d := ranks[b] - ranks[a]; d != 0 {
			return d
		}
		return order(a.row, b.row)
	})
	return chosen, c
}

func (p *listPage) addFilters(q listQuery, c filterCounts) {
	link := func(change func(*listQuery)) string {
		changed := q
		change(&changed)
		if encoded := changed.values().Encode(); encoded != "" {
			return p.Path + "?" + encoded
		}
		return p.Path
	}
	for _, group := range []struct {
		label string
		tone  cssClass
	}{{"All", ""}, {"Running", classGood}, {"Under way", classBusy}, {"Trouble", classBad}, {"Not known", classUnknown}} {
		if q.Archived || group.tone != "" && c.classes[group.tone] == 0 && q.Status != string(group.tone) {
			continue
		}
		count := c.classes[group.tone]
		if group.tone == "" {
			count = c.all
		}
		p.Groups = append(p.Groups, filterLink{group.label, link(func(q *listQuery) { q.Status = string(group.tone) }), count, q.Status == string(group.tone)})
	}
	for _, m := range testFilters {
		on := q.Tested == m.value
		if on || !q.Archived && c.marks[m.state] > 0 && c.marks[""] < c.all { // where nobody marks, there is nothing to choose
			p.Marks = append(p.Marks, filterLink{m.label, link(func(q *listQuery) {
				if q.Tested = m.value; on {
					q.Tested = ""
				}
			}), c.marks[m.state], on})
		}
	}
	for _, sort := range []struct{ label, field string }{{"Last changed", "changed"}, {"Name", "name"}, {"Newest", "created"}, {"Status", "status"}} {
		p.Sorts = append(p.Sorts, filterLink{sort.label, link(func(q *listQuery) { q.Sort = sort.field }), 0, q.Sort == sort.field})
	}
	p.Mine = filterLink{"Mine", link(func(q *listQuery) { q.Mine = !q.Mine }), c.mine, q.Mine}
}

func (req *projectRequest) freshness(trust live.Freshness) freshness {
	f := freshness{At: timestamp{trust.EnvRepo.At}, EnvRepo: trust.EnvRepo.Err != nil || req.stale != nil, Statuses: trust.ArgoCD.Err != nil}
	if req.shows(project.SectionDetail) {
		for _, fault := range []error{trust.EnvRepo.Err, trust.ArgoCD.Err} {
			if fault != nil {
				f.Detail = fault.Error()
			}
		}
	}
	return f
}

// rowCache keeps rows as they are sent, for each role. A view never changes, so
// a row is right for as long as its view and the project are the ones it was
// made of.
type rowCache struct {
	mu      sync.Mutex
	project *project.Project
	rows    map[rowKey]*cachedRow
	limit   int
}

type rowKey struct {
	view *staging.View
	role project.Role
}

// cachedRow is a row with what is made of it more than once.
type cachedRow struct {
	*row
	view       *staging.View // as the role sees it
	lowerTexts []string      // texts, in lower case
	once       sync.Once
	html       template.HTML
	err        error
}

// cachedRows gives the rows of the views that the viewer may read. What is kept of views that are gone goes when
// it has become much.
func (req *projectRequest) cachedRows(views ...*staging.View) []*cachedRow {
	c := &req.projectCache.rows
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limit = max(c.limit, 4*len(views), 1024)
	if c.project != req.project || len(c.rows) > c.limit {
		c.project, c.rows = req.project, map[rowKey]*cachedRow{}
	}
	rows := make([]*cachedRow, 0, len(views))
	for _, view := range views {
		if !req.MayRead(req.project, view.Metadata.Name) {
			continue
		}
		key := rowKey{view, req.role}
		kept := c.rows[key]
		if kept == nil {
			seen := req.Redact(req.project, view)
			kept = &cachedRow{row: req.row(seen), view: seen}
			kept.lowerTexts = lower(kept.searchTexts())
			c.rows[key] = kept
		}
		rows = append(rows, kept)
	}
	return rows
}

// rowHTML renders a row, once unless a search marks something in it.
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
	return template.HTML(out.String()), err // a template made it
}
