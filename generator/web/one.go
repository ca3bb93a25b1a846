package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// onePage is the page of one staging.
type onePage struct {
	frame
	Row       *row
	Mark      string // address that says what was found; empty where it is not for the viewer
	Status    statusPart
	Version   string // of the record, as this page shows it
	Groups    []settingGroup
	Presets   []string
	Differ    int // settings that differ from the project's
	History   []event
	Verbs     []verbLink
	Settings  string // address of the form; empty when it is not for the viewer
	Files     string
	ArgoCD    string
	Resources string // address of what Argo CD says
	Invalid   string // why the record cannot be read, for those who are shown it
	Events    string
}

// statusPart is what changes by itself: it is sent again whenever it does.
type statusPart struct {
	Condition condition
	Steps     []step
	Services  []part
	Addresses []link
	Links     []link
	Archived  bool
}

// step is one station of a change on its way.
type step struct {
	Label string
	At    *moment
	Took  string
	State string // done, now, next
}

// event is one line of a history, in plain words.
type event struct {
	staging.Event
	When    moment
	Deed    string
	Summary string
	Door    string
	Tone    tone
	Outcome string // what became of it, where that was seen
	Ended   tone   // of the outcome
	First   bool   // the version that is wanted now
	Undo    string // address; empty where there is no way back
	Return  string
	Page    string // of the staging, in the list of all actions
}

// verbLink is something that can be done, as a link to the page that explains it.
type verbLink struct {
	Verb, Label, URL string
	Danger           bool
}

// shownChanges is how much of a history is shown at once.
const shownChanges = 50

func (s *Server) one(w http.ResponseWriter, r *http.Request, v *visit) error {
	view, err := v.latest(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	page, err := v.onePage(r.Context(), view)
	if err != nil {
		return err
	}
	page.frame = s.frame(r, v, page.Row.Name, "list")
	if view.Status.Phase == "" { // no more than that it is saved will be known
		said, _, _ := strings.Cut(page.Notice, ".")
		page.Notice = sentence(said)
	}
	return s.pages.show(w, http.StatusOK, "one", page)
}

// latest gives a staging with its record as committed now. What the feed says
// of its status may still be about an earlier one, and then says so.
func (v *visit) latest(ctx context.Context, name string) (*staging.View, error) {
	known := v.Redact(v.project, v.Feed.View(name))
	views, err := v.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	switch {
	case err != nil && known != nil && staging.CodeOf(err) != staging.CodeForbidden:
		return known, nil // the env repo cannot be read, or the staging is going
	case err != nil:
		return nil, err
	}
	view := views[0]
	switch {
	case known == nil || view.Status.Phase == staging.PhaseInvalid:
	case known.Version == view.Version, view.Spec.DeploysSame(known.Spec):
		tested, untried := view.Status.Tested, view.Status.Untested
		view.Status = known.Status
		view.Status.Tested, view.Status.Untested = tested, untried
	case known.Status.Phase != "":
		view.Status.Phase, view.Status.Reason = staging.PhaseUpdating, staging.Reason{Code: staging.ReasonSaved}
	}
	return &view, nil
}

func (v *visit) onePage(ctx context.Context, view *staging.View) (*onePage, error) {
	name := view.Metadata.Name
	page := &onePage{Row: v.row(view), Status: v.statusOf(view), Version: view.Version}
	page.Events = v.path("events?" + url.Values{
		"name": {name}, "version": {page.Version}, "after": {sequenceText(v.Feed.Sequence())},
	}.Encode())
	page.Verbs = v.verbs(view)
	if page.Row.Writes && view.Spec.State == staging.Active {
		page.Mark = v.of(name, "mark")
	}
	if v.shows(project.SectionFiles) {
		page.Files = v.of(name, "files")
	}
	if v.shows(project.SectionResources) {
		page.ArgoCD = v.argoCDPage(name)
		if view.Status.Phase != "" { // else no Argo CD is connected
			page.Resources = v.of(name, "resources")
		}
	}
	if view.Status.Phase == staging.PhaseInvalid {
		if v.shows(project.SectionDetail) {
			page.Invalid = view.Status.Detail
		}
	} else if v.shows(project.SectionSettings) {
		page.Groups = v.settingGroups(view.Staging())
		page.Presets = view.Spec.Presets
		page.Differ = len(page.Row.Settings)
		if v.writes() {
			page.Settings = v.of(name, "settings")
		}
	}
	return page, v.addHistory(ctx, page)
}

// argoCDPage is where Argo CD shows a staging; empty where that is not known.
func (v *visit) argoCDPage(name string) string {
	if v.ArgoCD == "" {
		return ""
	}
	return v.ArgoCD + "/applications/" + url.PathEscape(v.project.Spec.ArgoCD.Namespace) + "/" + url.PathEscape(v.project.Application(name))
}

func (v *visit) addHistory(ctx context.Context, page *onePage) error {
	if !v.shows(project.SectionHistory) {
		return nil
	}
	events, err := v.History(ctx, staging.HistoryQuery{Name: page.Row.Name, Limit: shownChanges, Rollouts: true})
	if staging.CodeOf(err) == staging.CodeNotFound && err != nil {
		return nil
	}
	if err != nil && v.stale != nil { // all else is known
		return nil
	}
	if err != nil {
		return err
	}
	titles := v.project.ServiceTitles()
	for i, e := range events {
		told := v.tell(e)
		told.First = i == 0
		told.Outcome, told.Ended = outcome(e, i == 0, v.shows(project.SectionDetail), titles)
		if told.Ended == bad {
			told.Tone = bad
		}
		if v.writes() && !e.Gone {
			if i+1 < len(events) && !events[i+1].Gone && undoable(e.Verb) {
				told.Undo = v.of(page.Row.Name, "undo?to="+e.Revision)
			}
			if i > 0 {
				told.Return = v.of(page.Row.Name, "rollback?to="+e.Revision)
			}
		}
		page.History = append(page.History, told)
	}
	return nil
}

// undoable: a return to an earlier version is no change that stands for itself.
func undoable(verb staging.Verb) bool {
	return !slices.Contains([]staging.Verb{staging.Rollback, staging.Regenerate, staging.Extend, staging.Delete, staging.Mark, staging.Restart}, verb)
}

// tell puts an event into words.
func (v *visit) tell(e staging.Event) event {
	told := event{Event: e, When: moment{e.At}, Deed: deeds[e.Verb], Summary: summary(e), Door: doors[e.Via], Tone: good}
	switch e.Verb {
	case "":
		told.Deed = "Edited by hand"
	case staging.Archive, staging.Delete:
		told.Tone = asleep
	case staging.Rollback, staging.PinVerb:
		told.Tone = unsure
	}
	if told.Deed == "" {
		told.Deed = string(e.Verb)
	}
	if e.Staging != "" {
		told.Page = v.of(e.Staging, "")
	}
	return told
}

func (v *visit) statusOf(view *staging.View) statusPart {
	s := statusPart{
		Condition: conditionOf(view, v.shows(project.SectionDetail), v.project.ServiceTitles()), Archived: view.Spec.State == staging.Archived,
	}
	if view.Status.Phase == staging.PhaseInvalid {
		return s
	}
	if view.Spec.State == staging.Active && view.Status.Phase != "" {
		s.Steps = steps(view.Status)
	}
	if v.shows(project.SectionServices) {
		s.Services = v.parts(view)
	}
	if !s.Archived {
		s.Addresses, s.Links = v.addresses(view), v.links(view)
	}
	return s
}

// steps are the stations of the last change: those reached, the one it is at,
// and those to come.
func steps(status staging.Status) []step {
	t := status.Timings
	all := []step{
		{Label: "Saved", At: at(t.Committed), State: "done"},
		{Label: "Seen", At: at(t.Seen), Took: took(t.Committed, t.Seen)},
		{Label: "In place", At: at(t.Synced), Took: took(t.Seen, t.Synced)},
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
			if phases[status.Phase].Tone == bad {
				all[i].State = "stuck"
			}
		default:
			all[i].State = "next"
		}
	}
	return all
}

// verbs are what the viewer can do with a staging now, the harmless first.
func (v *visit) verbs(view *staging.View) []verbLink {
	if !v.writes() {
		return nil
	}
	name, spec := view.Metadata.Name, view.Spec
	link := func(verb, label string) verbLink { return verbLink{verb, label, v.of(name, verb), verb == "delete"} }
	if view.Status.Phase == staging.PhaseInvalid {
		return []verbLink{link("delete", "Delete…")}
	}
	var all []verbLink
	if spec.State != staging.Active {
		all = append(all, link("restore", "Wake up"))
	} else {
		if spec.Expires != nil {
			all = append(all, link("extend", "Keep for longer"))
		}
		all = append(all, link("restart", "Restart…"), link("archive", "Archive…"))
	}
	if spec.Kept != nil {
		all = append(all, link("unkeep", "Leave to the clean-up"))
	}
	if spec.Pinned != nil {
		all = append(all, link("unpin", "Unpin"))
	} else if spec.State == staging.Active {
		all = append(all, link("pin", "Pin…"))
	}
	if spec.State != staging.Deleting {
		all = append(all, link("delete", "Delete…"))
	}
	return all
}
