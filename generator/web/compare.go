package web

import (
	"net/http"
	"net/url"
	"slices"

	"octopod/generator/compare"
	"octopod/generator/project"
	"octopod/generator/rights"
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

// The values of ?since=: what the viewer tested, and what anybody tested last.
const (
	sinceMine = "mark"
	sinceTest = "test"
)

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

func (req *projectRequest) comparePath(name string, asked url.Values) string {
	path := req.stagingPath(name, "compare")
	if len(asked) == 0 {
		return path
	}
	return path + "?" + asked.Encode()
}

// sinceTestPath returns the page of what is new since the test of a staging, and its label.
func (req *projectRequest) sinceTestPath(view *staging.View) link {
	name, by := view.Metadata.Name, view.Spec.Tested.By
	if by != "" && by == req.viewer.Person.Name {
		return link{"What is new since you tested", req.comparePath(name, url.Values{"since": {sinceMine}})}
	}
	return link{"What is new since this test", req.comparePath(name, url.Values{"since": {sinceTest}})}
}

// sameFiles are the verbs that change nothing that a tester could see in the staging.
var sameFiles = []staging.Verb{staging.Mark, staging.Keep, staging.Unkeep, staging.PinVerb, staging.Unpin, staging.Extend, staging.Restart, staging.Archive, staging.Restore}

// newInVersion returns the page of what version i of a history brought; empty if the version
// before is not known, and for a version that brought nothing.
func (req *projectRequest) newInVersion(name string, versions []staging.Event, i int) string {
	if i+1 >= len(versions) || versions[i].Gone || versions[i+1].Gone || slices.Contains(sameFiles, versions[i].Verb) {
		return ""
	}
	if rights.RequireVisible(req.project, req.role, project.SectionHistory) != nil {
		return ""
	}
	return req.comparePath(name, url.Values{"revision": {versions[i+1].Revision}, "until": {versions[i].Revision}})
}
