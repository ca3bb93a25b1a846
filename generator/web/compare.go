package web

import (
	"net/http"
	"net/url"

	"octopod/generator/compare"
	"octopod/generator/staging"
)

// comparePage shows the news of a staging.
type comparePage struct {
	frame
	compare.Comparison
	Name, Page string
	Since      string          // what it is compared with, in words
	When       *timestamp      // of that
	Default    string          // name of the project's defaults
	Further    []settingChange // beside versions and settings
	Choices    []filterLink
	Stagings   []string // others to compare with
	With       string
}

// compare serves what is new since a test or a version, against another staging, or against
// the project's defaults.
func (s *Server) compare(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	name, asked := r.PathValue("name"), r.URL.Query()
	since := asked.Get("since")
	q := compare.Query{Name: name, With: asked.Get("with"), SinceMark: since != "", Anybody: since == sinceTest, Revision: asked.Get("revision"), Until: asked.Get("until")}
	view, err := req.latest(r.Context(), name)
	if err != nil {
		return err
	}
	found, err := req.Compare(r.Context(), q)
	if err != nil {
		return err
	}
	page := comparePage{
		frame: s.frame(r, req, "What is new in "+name, "list"), Comparison: found, Name: name, Page: req.stagingPath(name, ""), Default: req.defaultName(), With: q.With,
	}
	page.Since, page.When = req.sinceText(found, q), at(found.From.At)
	for _, f := range found.Others {
		page.Further = append(page.Further, req.changesOf([]staging.Difference{{What: f.What, From: f.From, To: f.To}})...)
	}
	page.Choices = req.comparisons(view, q)
	entries, _ := req.Entries()
	for _, other := range req.listOf(entries).rows {
		if other.Name != name {
			page.Stagings = append(page.Stagings, other.Name)
		}
	}
	return s.pages.show(w, http.StatusOK, "compare", page)
}

// sinceText names the other side of a comparison.
func (req *projectRequest) sinceText(found compare.Comparison, q compare.Query) string {
	from := found.From
	switch {
	case q.SinceMark && (from.By == "" || from.By == req.viewer.Person.Name):
		return "since you tested"
	case q.SinceMark:
		return "since the test of " + from.By
	case q.Until != "":
		return "in this version"
	case q.Revision != "":
		return "since an earlier version"
	case q.With != "":
		return "compared with " + q.With
	}
	return "compared with " + req.defaultName()
}

// Before returns the name of the state without what is new.
func (p comparePage) Before() string {
	if p.From.Staging == "" {
		return p.Default
	}
	return "before"
}

// defaultName returns the name of what a staging has without changes of its own.
func (req *projectRequest) defaultName() string {
	for _, name := range mainFirst(req.project) {
		if branch := req.project.Spec.Services[name].DefaultBranch; branch != "" {
			return branch
		}
	}
	return "the defaults"
}

// comparisons returns what a staging can be compared with beside other stagings.
func (req *projectRequest) comparisons(view *staging.View, q compare.Query) []filterLink {
	name := view.Metadata.Name
	all := []filterLink{{Label: "Compared with " + req.defaultName(), URL: req.comparePath(name, nil), On: q.With == "" && !q.SinceMark && q.Revision == ""}}
	if view.Spec.Tested != nil {
		all = append(all, filterLink{Label: "Since the last test", URL: req.comparePath(name, url.Values{"since": {sinceTest}}), On: q.Anybody})
	}
	return all
}
