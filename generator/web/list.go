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

// question is what a list is asked for. All of it is in the address.
type question struct {
	Query  string
	Sort   string // changed (default), name, created, status
	Status string // a tone; empty for all
	Tested string // what its mark is worth, as a selector has it; empty for all
	Mine   bool
	// Archived lists the archived stagings alone.
	Archived bool
}

func questionOf(values url.Values, archived bool) question {
	q := question{Query: values.Get("q"), Sort: "changed", Mine: values.Has("mine"), Archived: archived}
	if sort := values.Get("sort"); slices.Contains([]string{"name", "created", "status"}, sort) {
		q.Sort = sort
	}
	if status := tone(values.Get("status")); slices.Contains([]tone{good, busy, bad, unsure}, status) {
		q.Status = string(status)
	}
	if tested := values.Get("tested"); slices.ContainsFunc(marks, func(m markGroup) bool { return m.value == tested }) {
		q.Tested = tested
	}
	return q
}

// values is the question as an address holds it.
func (q question) values() url.Values {
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

// chooses tells whether a row is asked for, whatever is searched.
func (q question) chooses(r *keptRow, viewer staging.Person) bool {
	return r.Archived == q.Archived && (!q.Mine || r.of(viewer)) && (q.Status == "" || string(r.Condition.Tone) == q.Status) &&
		(q.Tested == "" || staging.Requirement{Field: "tested", Value: q.Tested}.Matches(*r.view))
}

// markGroup is a filter by what stagings were found to be.
type markGroup struct {
	label, value string
	standing     staging.TestState
}

var marks = []markGroup{
	{"Tested", "tested", staging.TestStateTested}, {"Broken", "broken", staging.TestStateBroken},
	{"To try again", "outdated", staging.TestStateOutdated}, {"Not tried yet", "none", ""},
}

// listPage is the page of all stagings, and that of the archived ones.
type listPage struct {
	frame
	question
	Path    string
	Rows    []template.HTML
	Found   int // rows that answer the question; Rows may be fewer
	All     int // of this kind, whatever is searched
	Groups  []choice
	Marks   []choice
	Sorts   []choice
	Mine    choice
	Fresh   freshness
	Events  string // address of the stream
	Loading bool
}

// choice is a filter or an order, as a link.
type choice struct {
	Label, URL string
	Count      int
	On         bool
}

// freshness says how far a page can be trusted.
type freshness struct {
	At       moment
	EnvRepo  bool // cannot be read
	Statuses bool // cannot be asked for
	Detail   string
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.showList(w, r, v, false)
}

func (s *Server) archived(w http.ResponseWriter, r *http.Request, v *visit) error {
	return s.showList(w, r, v, true)
}

func (s *Server) showList(w http.ResponseWriter, r *http.Request, v *visit, archived bool) error {
	title, here := "Stagings", "list"
	if archived {
		title, here = "Archived stagings", "archived"
	}
	q := questionOf(r.URL.Query(), archived)
	page := listPage{frame: s.frame(r, v, title, here), question: q, Path: r.URL.Path}
	if err := s.fillList(&page, v, q); err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "true" {
		return s.pages.fragment(w, "list", "results", page)
	}
	return s.pages.show(w, http.StatusOK, "list", page)
}

// mostFound bounds what one search shows: who sees so many has not found it yet.
const mostFound = 100

func (s *Server) fillList(page *listPage, v *visit, q question) error {
	after := v.Feed.Sequence() // first: an update in between is then sent twice, and none is missed
	views, trust := v.Feed.Views()
	page.Fresh, page.Loading = v.freshness(trust), trust.EnvRepo.At.IsZero() && trust.EnvRepo.Err == nil
	rows := v.rowsOf(views...)
	search := newSearch(q.Query)
	chosen, counts := choose(rows, q, v.viewer.Person, search)
	page.All, page.Found = counts.all, len(chosen)
	if !search.empty() {
		chosen = chosen[:min(len(chosen), mostFound)]
	}
	for _, c := range chosen {
		html, err := s.rowHTML(c, search)
		if err != nil {
			return err
		}
		page.Rows = append(page.Rows, html)
	}
	page.choices(q, counts)
	values := q.values()
	values.Set("after", sequenceText(after))
	if q.Archived {
		values.Set("archived", "1")
	}
	page.Events = v.path("events?" + values.Encode())
	return nil
}

// counted is how many rows each filter would leave.
type counted struct {
	all, mine int
	tones     map[tone]int
	marks     map[staging.TestState]int
}

// choose gives the rows that answer a question, in its order. A search has an
// order of its own.
func choose(rows []*keptRow, q question, viewer staging.Person, search search) ([]*keptRow, counted) {
	c := counted{tones: map[tone]int{}, marks: map[staging.TestState]int{}}
	ranks := map[*keptRow]int{}
	var chosen []*keptRow
	for _, r := range rows {
		if r.Archived != q.Archived {
			continue
		}
		c.all++
		c.tones[r.Condition.Tone]++
		c.marks[r.view.Status.Tested]++
		if r.of(viewer) {
			c.mine++
		}
		if !q.chooses(r, viewer) {
			continue
		}
		if !search.empty() {
			if ranks[r] = search.rank(r.looked); ranks[r] == 0 {
				continue
			}
		}
		chosen = append(chosen, r)
	}
	order := byField(q.Sort)
	slices.SortFunc(chosen, func(a, b *keptRow) int {
		if d := ranks[b] - ranks[a]; d != 0 {
			return d
		}
		return order(a.row, b.row)
	})
	return chosen, c
}

func (p *listPage) choices(q question, c counted) {
	link := func(change func(*question)) string {
		changed := q
		change(&changed)
		if encoded := changed.values().Encode(); encoded != "" {
			return p.Path + "?" + encoded
		}
		return p.Path
	}
	for _, group := range []struct {
		label string
		tone  tone
	}{{"All", ""}, {"Running", good}, {"Under way", busy}, {"Trouble", bad}, {"Not known", unsure}} {
		if q.Archived || group.tone != "" && c.tones[group.tone] == 0 && q.Status != string(group.tone) {
			continue
		}
		count := c.tones[group.tone]
		if group.tone == "" {
			count = c.all
		}
		p.Groups = append(p.Groups, choice{group.label, link(func(q *question) { q.Status = string(group.tone) }), count, q.Status == string(group.tone)})
	}
	for _, m := range marks {
		on := q.Tested == m.value
		if on || !q.Archived && c.marks[m.standing] > 0 && c.marks[""] < c.all { // where nobody marks, there is nothing to choose
			p.Marks = append(p.Marks, choice{m.label, link(func(q *question) {
				if q.Tested = m.value; on {
					q.Tested = ""
				}
			}), c.marks[m.standing], on})
		}
	}
	for _, sort := range []struct{ label, field string }{{"Last changed", "changed"}, {"Name", "name"}, {"Newest", "created"}, {"Status", "status"}} {
		p.Sorts = append(p.Sorts, choice{sort.label, link(func(q *question) { q.Sort = sort.field }), 0, q.Sort == sort.field})
	}
	p.Mine = choice{"Mine", link(func(q *question) { q.Mine = !q.Mine }), c.mine, q.Mine}
}

func (v *visit) freshness(trust live.Freshness) freshness {
	f := freshness{At: moment{trust.EnvRepo.At}, EnvRepo: trust.EnvRepo.Err != nil || v.stale != nil, Statuses: trust.ArgoCD.Err != nil}
	if v.shows(project.SectionDetail) {
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
	rows    map[rowKey]*keptRow
	most    int
}

type rowKey struct {
	view *staging.View
	role project.Role
}

// keptRow is a row with what is made of it more than once.
type keptRow struct {
	*row
	view   *staging.View // as the role sees it
	looked []string      // texts, in lower case
	once   sync.Once
	html   template.HTML
	err    error
}

// rowsOf gives the rows of the views that the viewer may read. What is kept of views that are gone goes when
// it has become much.
func (v *visit) rowsOf(views ...*staging.View) []*keptRow {
	c := &v.served.rows
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = max(c.most, 4*len(views), 1024)
	if c.project != v.project || len(c.rows) > c.most {
		c.project, c.rows = v.project, map[rowKey]*keptRow{}
	}
	rows := make([]*keptRow, 0, len(views))
	for _, view := range views {
		if !v.MayRead(v.project, view.Metadata.Name) {
			continue
		}
		key := rowKey{view, v.role}
		kept := c.rows[key]
		if kept == nil {
			seen := v.Redact(v.project, view)
			kept = &keptRow{row: v.row(seen), view: seen}
			kept.looked = lower(kept.texts())
			c.rows[key] = kept
		}
		rows = append(rows, kept)
	}
	return rows
}

// rowHTML renders a row, once unless a search marks something in it.
func (s *Server) rowHTML(r *keptRow, search search) (template.HTML, error) {
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
