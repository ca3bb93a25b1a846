package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// stagingPage is the page of one staging.
type stagingPage struct {
	frame
	Row       *row
	Mark      string // URL for test results; empty if the viewer may not record one
	Untested  string // why “It works” is not offered; empty when it is
	Status    statusPanel
	Version   string    // version of the record on this page
	Data      *dataCard // nil where Octopod keeps no test data
	Groups    []settingGroup
	Presets   []string
	Differ    int // number of settings that differ from the project's defaults
	History   []event
	Verbs     []actionLink
	Settings  string // URL of the form; empty if the viewer may not change settings
	Files     string
	Compare   string // URL of what differs from the defaults and from other stagings
	Pending   string // URL of what the next deploy brings beside itself
	ArgoCD    string
	Resources string // URL of the objects in Argo CD
	Invalid   string // why the record is invalid; only if the viewer sees detail
	Events    string
	Cost      string // empty without a price table
	CostPage  string
}

// statusPanel is the part of the page that the event stream updates.
type statusPanel struct {
	Status    statusText
	Steps     []step
	Services  []part
	Addresses []link
	Links     []link
	Archived  bool
	Terminate string // URL that ends a sync that hangs; empty without one, and without the right
}

// step is one step of a rollout.
type step struct {
	Label string
	At    *timestamp
	Took  string
	State string // done, now, stuck, next
}

// actionLink is a link to the page of an action.
type actionLink struct {
	Verb, Label, URL string
	Danger           bool
}

// shownChanges limits the rows of a history.
const shownChanges = 50

func (s *Server) showStaging(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	view, err := req.latest(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	page, err := req.stagingPage(r.Context(), view)
	if err != nil {
		return err
	}
	page.frame = s.frame(r, req, page.Row.Name, "list")
	if view.Status.Phase == "" && page.Notice != nil { // without Argo CD, there is no rollout to announce
		text, _, _ := strings.Cut(page.Notice.Text, ".")
		page.Notice.Text = sentence(text)
	}
	return s.pages.show(w, http.StatusOK, "staging", page)
}

// latest returns a staging as Find knows it, or one that is being deleted as the feed does.
func (req *projectRequest) latest(ctx context.Context, name string) (*staging.View, error) {
	known := req.Named(name)
	views, err := req.Find(ctx, staging.Query{Names: []string{name}, Dated: true})
	switch {
	case err != nil && known != nil && staging.CodeOf(err) != staging.CodeForbidden:
		return known, nil
	case err != nil:
		return nil, err
	}
	return &views[0], nil
}

func (req *projectRequest) stagingPage(ctx context.Context, view *staging.View) (*stagingPage, error) {
	name := view.Metadata.Name
	page := &stagingPage{Row: req.row(view), Status: req.statusOf(view), Version: view.Version}
	page.Events = req.path("events?" + url.Values{
		"name": {name}, "version": {page.Version}, "after": {sequenceText(req.Sequence())},
	}.Encode())
	page.Row.Badges = lateBadges(page.Row.Badges, req.now())
	page.Verbs = req.actionLinks(view)
	page.Data = req.dataCard(view)
	page.Cost, page.CostPage = req.costOf(ctx, view), req.path("cost")
	if page.Row.CanWrite && view.Spec.State == staging.Active {
		page.Mark, page.Untested = req.stagingPath(name, "mark"), req.untestable(view)
	}
	if view.Status.Phase != staging.PhaseInvalid {
		page.Compare = req.comparePath(name, nil)
	}
	if req.shows(project.SectionFiles) {
		page.Files = req.stagingPath(name, "files")
		if view.Status.Phase != staging.PhaseInvalid {
			page.Pending = req.stagingPath(name, "pending")
		}
	}
	if req.shows(project.SectionResources) {
		page.ArgoCD = req.argoCDPage(name)
		if view.Status.Phase != "" { // Argo CD is connected
			page.Resources = req.stagingPath(name, "resources")
		}
	}
	if view.Status.Phase == staging.PhaseInvalid {
		if req.shows(project.SectionDetail) {
			page.Invalid = view.Status.Detail
		}
	} else if req.shows(project.SectionSettings) {
		page.Groups = req.settingGroups(view.Staging())
		page.Presets = view.Spec.Presets
		page.Differ = len(page.Row.Settings)
		if req.canWrite() {
			page.Settings = req.stagingPath(name, "settings")
		}
	}
	return page, req.addHistory(ctx, page)
}

// terminateURL returns where the viewer can end a sync that hangs; "" while none does, and
// without the right.
func (req *projectRequest) terminateURL(view *staging.View) string {
	name := view.Metadata.Name
	if view.Status.Reason.Hanging == "" || req.viewer.Authorize(req.project, staging.Restart, name) != nil {
		return ""
	}
	return req.stagingPath(name, "sync")
}

// argoCDPage returns the URL of a staging in Argo CD; empty if unknown.
func (req *projectRequest) argoCDPage(name string) string {
	if req.ArgoCD == "" {
		return ""
	}
	return req.ArgoCD + "/applications/" + url.PathEscape(req.project.ApplicationNamespace()) + "/" + url.PathEscape(req.project.Application(name))
}

func (req *projectRequest) addHistory(ctx context.Context, page *stagingPage) error {
	if !req.shows(project.SectionHistory) {
		return nil
	}
	events, err := req.History(ctx, staging.HistoryQuery{Name: page.Row.Name, Limit: shownChanges, Rollouts: true})
	if staging.CodeOf(err) == staging.CodeNotFound && err != nil {
		return nil
	}
	if err != nil && req.stale != nil { // the rest of the page is known
		return nil
	}
	if err != nil {
		return err
	}
	own := staging.OwnEvents(events)
	for _, e := range events {
		line := req.describe(e)
		if i := slices.IndexFunc(own, func(o staging.Event) bool { return o.Revision == e.Revision }); i >= 0 {
			req.addWays(&line, page.Row.Name, own, i)
		}
		page.History = append(page.History, line)
	}
	return nil
}

// addWays adds the outcome of version i of a staging and the ways back.
func (req *projectRequest) addWays(line *event, name string, versions []staging.Event, i int) {
	e := versions[i]
	line.Current = i == 0
	line.Outcome, line.OutcomeClass = rolloutText(e, i == 0, req.shows(project.SectionDetail), req.project.ServiceTitles())
	if line.OutcomeClass == classBad {
		line.Class = classBad
	}
	line.New = req.newInVersion(name, versions, i)
	if !req.canWrite() || e.Gone {
		return
	}
	if i+1 < len(versions) && !versions[i+1].Gone && undoable(e.Verb) {
		line.Undo = req.stagingPath(name, "undo?to="+e.Revision)
	}
	if i > 0 {
		line.Restore = req.stagingPath(name, "rollback?to="+e.Revision)
	}
}

// undoable reports whether a change can be reverted alone. A rollback, for example,
// cannot.
func undoable(verb staging.Verb) bool {
	return !slices.Contains([]staging.Verb{staging.Rollback, staging.Regenerate, staging.Extend, staging.Delete, staging.Mark, staging.Restart, staging.UndoData, staging.ForgetData}, verb)
}

func (req *projectRequest) statusOf(view *staging.View) statusPanel {
	s := statusPanel{
		Status: req.statusText(view), Archived: view.Spec.State == staging.Archived,
	}
	if view.Status.Phase == staging.PhaseInvalid {
		return s
	}
	if view.Spec.State == staging.Active && view.Status.Phase != "" {
		s.Steps = steps(view.Status)
	}
	s.Terminate = req.terminateURL(view)
	if req.shows(project.SectionServices) {
		s.Services = req.parts(view)
	}
	if !s.Archived {
		s.Addresses, s.Links = req.addresses(view), req.links(view)
	}
	return s
}

// steps returns the steps of the last rollout: done, current and next.
func steps(status staging.Status) []step {
	t := status.Timings
	all := []step{
		{Label: "Requested", At: at(t.Committed), State: "done"},
		{Label: "Picked up", At: at(t.Seen), Took: took(t.Committed, t.Seen)},
		{Label: "Rolled out", At: at(t.Synced), Took: took(t.Seen, t.Synced)},
		{Label: "Running", At: at(t.Running), Took: took(t.Synced, t.Running)},
	}
	running := status.Phase == staging.PhaseRunning
	reached := 0
	for i := range all {
		if all[i].At != nil || running {
			reached = i
		}
	}
	for i := range all {
		switch {
		case i <= reached:
			all[i].State = "done"
		case i == reached+1:
			all[i].State = "now"
			if phases[status.Phase].Class == classBad {
				all[i].State = "stuck"
			}
		default:
			all[i].State = "next"
		}
	}
	return all
}

// actionLinks returns the actions that the viewer can run now, harmless ones first.
func (req *projectRequest) actionLinks(view *staging.View) []actionLink {
	if !req.canWrite() {
		return nil
	}
	name, spec := view.Metadata.Name, view.Spec
	link := func(verb, label string) actionLink {
		return actionLink{verb, label, req.stagingPath(name, verb), verb == "delete"}
	}
	if view.Status.Phase == staging.PhaseInvalid {
		return []actionLink{link("delete", "Delete…")}
	}
	var all []actionLink
	if spec.State != staging.Active {
		all = append(all, link("restore", "Restore"))
	} else {
		if spec.Expires != nil {
			all = append(all, link("extend", "Keep for longer"))
		}
		all = append(all, link("restart", "Restart…"), link("archive", "Archive…"))
	}
	if spec.Kept != nil {
		all = append(all, link("unkeep", "Stop keeping"))
	} else if spec.State == staging.Active {
		all = append(all, link("keep", "Keep…"))
	}
	if spec.Pinned != nil {
		all = append(all, link("unpin", "Resume updates"))
	} else if spec.State == staging.Active {
		all = append(all, link("pin", "Pause updates…"))
	}
	if spec.State != staging.Deleting {
		all = append(all, link("delete", "Delete…"))
	}
	return all
}

// Findings returns the initial data of the test result form.
func (p *stagingPage) Findings() confirmPage {
	return confirmPage{Tested: p.Row.Tested, Untested: p.Untested}
}

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

// sameFiles are the verbs that change nothing that a tester could see in the staging.
var sameFiles = []staging.Verb{staging.Mark, staging.Keep, staging.Unkeep, staging.PinVerb, staging.Unpin, staging.Extend, staging.Restart, staging.Archive, staging.Restore}
