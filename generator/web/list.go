package web

import (
	"html/template"
	"net/http"
	"net/url"
	"strconv"

	"octopod/generator/live"
	"octopod/generator/project"
)

// listPage is the page of the active or of the archived stagings.
type listPage struct {
	frame
	listQuery
	filters
	Path    string
	Rows    []template.HTML
	Found   int // number of matches; Rows may be fewer
	All     int // number of active or archived stagings without filters
	Sorts   []sortLink
	Compact bool
	View    filterLink // switches between compact and comfortable
	More    *moreRows
	Fresh   freshness
	Events  string // URL of the event stream
	Loading bool
	Bulk    []bulkVerb
	// Also lists a few archived stagings that match the search.
	Also      []template.HTML
	AlsoFound int
	AlsoURL   string
}

// moreRows is the link that adds rows to a list.
type moreRows struct {
	URL  string // the list with more rows
	Part string // these rows alone
	Next int    // number of them
	Left int    // number of rows that are not shown
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
	values := r.URL.Query()
	q := parseListQuery(values, archived)
	page := listPage{frame: s.frame(r, req, title, here), listQuery: q, Path: r.URL.Path, Compact: isCompact(w, r, req)}
	from, _ := strconv.Atoi(values.Get("from"))
	if err := s.fillList(r, &page, req, from); err != nil {
		return err
	}
	if r.Header.Get("HX-Request") != "true" {
		return s.pages.show(w, http.StatusOK, "list", page)
	}
	if from > 0 {
		return s.pages.fragment(w, "list", "rows", page)
	}
	return s.pages.fragment(w, "list", "results", page)
}

// fillList fills in the rows, without the first ones that the page shows already.
func (s *Server) fillList(r *http.Request, page *listPage, req *projectRequest, from int) (err error) {
	q := page.listQuery
	after := req.Sequence() // before Entries: an update in between is sent twice and never lost
	entries, trust := req.Entries()
	page.Fresh, page.Loading = req.freshness(trust), trust.EnvRepo.At.IsZero() && trust.EnvRepo.Err == nil
	rows, by, search := req.listOf(entries), req.listViewer(r.Context()), newSearch(q.Query)
	chosen, counts := selectRows(rows, q, by, search)
	page.All, page.Found = counts.all, len(chosen)
	page.filters, page.Sorts = newFilters(page.Path, q, counts), sortLinks(page.Path, q)
	page.Bulk = req.bulkVerbs(q.Archived)
	shown := min(len(chosen), q.Rows)
	if page.Rows, err = s.rowsHTML(chosen[min(max(from, 0), shown):shown], search); err != nil {
		return err
	}
	page.addMore(q, shown, len(chosen))
	page.addView(q)
	if err := s.addArchived(page, req, rows, by, search); err != nil {
		return err
	}
	values := q.values()
	values.Set("after", sequenceText(after))
	if q.Archived {
		values.Set("archived", "1")
	}
	page.Events = req.path("events?" + values.Encode())
	return nil
}

func (s *Server) rowsHTML(rows []*cachedRow, search search) ([]template.HTML, error) {
	var all []template.HTML
	for _, row := range rows {
		html, err := s.rowHTML(row, search)
		if err != nil {
			return nil, err
		}
		all = append(all, html)
	}
	return all, nil
}

// addMore adds the link to further rows.
func (p *listPage) addMore(q listQuery, shown, found int) {
	if shown >= found {
		return
	}
	q.Rows = shown + rowsAtOnce
	p.More = &moreRows{URL: q.url(p.Path), Next: min(found-shown, rowsAtOnce), Left: found - shown}
	values := q.values()
	values.Set("from", strconv.Itoa(shown))
	p.More.Part = p.Path + "?" + values.Encode()
}

// alsoShown is the number of archived stagings below the results of a search.
const alsoShown = 5

// addArchived adds the archived stagings that match a search of the active ones.
func (s *Server) addArchived(page *listPage, req *projectRequest, rows *rowList, by *viewerOfList, search search) (err error) {
	q := page.listQuery
	if q.Archived || search.empty() {
		return nil
	}
	q.Archived, q.Status, q.Rows = true, "", rowsAtOnce
	found, _ := selectRows(rows, q, by, search)
	page.AlsoFound, page.AlsoURL = len(found), q.url(req.path("archived"))
	page.Also, err = s.rowsHTML(found[:min(len(found), alsoShown)], search)
	return err
}

// The views of a list. A cookie keeps the choice of a viewer.
const (
	viewCookie  = "octopod_view"
	viewCompact = "compact"
	viewComfort = "comfortable"
)

// isCompact reports whether the viewer wants a list of one line for each staging.
func isCompact(w http.ResponseWriter, r *http.Request, req *projectRequest) bool {
	switch view := r.URL.Query().Get("view"); view {
	case viewCompact, viewComfort:
		http.SetCookie(w, cookie(r, viewCookie, view, req.path(""), 365*24*60*60))
		return view == viewCompact
	}
	kept, err := r.Cookie(viewCookie)
	return err == nil && kept.Value == viewCompact
}

func (p *listPage) addView(q listQuery) {
	label, view := "Compact", viewCompact
	if p.Compact {
		label, view = "Comfortable", viewComfort
	}
	values := q.values()
	values.Set("view", view)
	p.View = filterLink{Label: label, URL: p.Path + "?" + values.Encode()}
}

// freshness returns how current the entries are, in the words of the viewer.
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

// cookie returns a cookie for a choice or a notice; none is a secret.
func cookie(r *http.Request, name, value, path string, seconds int) *http.Cookie {
	return &http.Cookie{Name: name, Value: url.QueryEscape(value), Path: path, MaxAge: seconds, HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode}
}
