package web

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// listQuery is the search, filters and order of a list. The URL contains all of it.
type listQuery struct {
	Query  string
	Sort   string // changed (default), name, created, status
	Status string // a cssClass; empty for all
	Tested string // a test state as in a selector; empty for all
	Mine   bool
	// Archived lists archived stagings only.
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

// values returns the query parameters of q.
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

// matches reports whether a row passes the filters. It ignores the search.
func (q listQuery) matches(r *cachedRow, viewer staging.Person) bool {
	return r.Archived == q.Archived && (!q.Mine || r.isOwnedBy(viewer)) && (q.Status == "" || string(r.Status.Class) == q.Status) &&
		(q.Tested == "" || staging.Requirement{Field: "tested", Value: q.Tested}.Matches(*r.view))
}

// testFilter filters stagings by test result.
type testFilter struct {
	label, value string
	state        staging.TestState
}

var testFilters = []testFilter{
	{"Tested", "tested", staging.TestStateTested}, {"Broken", "broken", staging.TestStateBroken},
	{"Retest", "outdated", staging.TestStateOutdated}, {"Untested", "none", ""},
}

// listPage is the page of the active or of the archived stagings.
type listPage struct {
	frame
	listQuery
	Path    string
	Rows    []template.HTML
	Found   int // number of matches; Rows may be fewer
	All     int // number of active or archived stagings without filters
	Groups  []filterLink
	Marks   []filterLink
	Sorts   []filterLink
	Mine    filterLink
	Fresh   freshness
	Events  string // URL of the event stream
	Loading bool
}

// filterLink is a link that selects a filter or an order.
type filterLink struct {
	Label, URL string
	Count      int
	On         bool
}

// freshness describes how current a page is.
type freshness struct {
	At       timestamp
	EnvRepo  bool // the env repo cannot be read
	Statuses bool // Argo CD cannot be reached
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

// maxResults limits the results of a search.
const maxResults = 100

func (s *Server) fillList(page *listPage, req *projectRequest, q listQuery) error {
	after := req.Sequence() // before Entries: an update in between is sent twice and never lost
	entries, trust := req.Entries()
	page.Fresh, page.Loading = req.freshness(trust), trust.EnvRepo.At.IsZero() && trust.EnvRepo.Err == nil
	rows := req.cachedRows(entries...)
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

// filterCounts counts the rows of each filter.
type filterCounts struct {
	all, mine int
	classes   map[cssClass]int
	marks     map[staging.TestState]int
}

// selectRows returns the rows that match a query, in its order. A search orders by
// rank.
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
	}{{"All", ""}, {"Running", classGood}, {"In progress", classBusy}, {"Needs attention", classBad}, {"Unknown", classUnknown}} {
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
		if on || !q.Archived && c.marks[m.state] > 0 && c.marks[""] < c.all { // without any test result, the filters are useless
			p.Marks = append(p.Marks, filterLink{m.label, link(func(q *listQuery) {
				if q.Tested = m.value; on {
					q.Tested = ""
				}
			}), c.marks[m.state], on})
		}
	}
	for _, sort := range []struct{ label, field string }{{"Updated", "changed"}, {"Name", "name"}, {"Created", "created"}, {"Status", "status"}} {
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
