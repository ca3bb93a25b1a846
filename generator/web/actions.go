package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// action is an action on a whole staging. Its page explains it and asks for
// confirmation.
type action struct {
	Verb        staging.Verb
	Question    string // with %s for the staging
	Button      string
	Explain     func(*projectRequest, *staging.View) []string
	ReasonLabel string // label of the reason field; empty without one
	NeedsReason bool
	UntilLabel  string // label of the field for a day; empty without one
	UntilHelp   string
	Danger      bool
	AsksName    bool // the name must be typed to confirm
	AsksVersion bool // ?to= names a version
	AsksResult  bool // asks for a test result
}

// actions holds every action by its path segment.
var actions = map[string]action{
	"archive": {Verb: staging.Archive, Question: "Archive %s?", Button: "Archive", Explain: explainArchive, ReasonLabel: "Reason (optional)",
		UntilLabel: "Restore automatically on (optional)", UntilHelp: "Without a day, it stays archived until someone restores it."},
	"restore": {Verb: staging.Restore, Question: "Restore %s?", Button: "Restore", Explain: explainRestore},
	"delete":  {Verb: staging.Delete, Question: "Delete %s?", Button: "Delete forever", Explain: explainDelete, Danger: true, AsksName: true},
	"restart": {Verb: staging.Restart, Question: "Restart %s?", Button: "Restart",
		Explain: fixedText("Everything stops and starts again with the same versions, same settings, same data. The addresses may not answer for a minute.",
			"Try it when something hangs, or when a deploy failed.")},
	"keep": {Verb: staging.Keep, Question: "Keep %s?", Button: "Keep", ReasonLabel: "Reason (others read it before they archive it)", NeedsReason: true,
		UntilLabel: "Keep until (optional)", UntilHelp: "The whole day is included. Without a day, it is kept until someone ends it.",
		Explain: fixedText("The clean-up neither archives nor deletes it: not for its age, not at night, not when its branch is deleted. New builds are still deployed.")},
	"extend": {Verb: staging.Extend, Question: "Keep %s for longer?", Button: "Keep for longer", Explain: explainExtend},
	"pin": {Verb: staging.PinVerb, Question: "Pause updates of %s?", Button: "Pause updates", ReasonLabel: "Reason (others see it while their build waits)",
		Explain: fixedText("The staging stays at its versions: new builds of the branch won’t be deployed until someone resumes updates.")},
	"unpin": {Verb: staging.Unpin, Question: "Resume updates of %s?", Button: "Resume updates",
		Explain: fixedText("The next build of the branch is deployed again.")},
	"unkeep": {Verb: staging.Unkeep, Question: "Stop keeping %s?", Button: "Stop keeping",
		Explain: fixedText("It is archived like any other staging: when nobody deploys to it, or when its branch is deleted.")},
	"unset": {Verb: staging.Unset, Question: "Reset a setting of %s?", Button: "Reset",
		Explain: fixedText("The setting goes back to the project’s default.")},
	"mark": {Verb: staging.Mark, Question: "Does %s work?", AsksResult: true,
		Explain: fixedText("Record your test result. It belongs to the current versions and settings; when these change, everyone sees that you tested an earlier state.")},
	"regenerate": {Verb: staging.Regenerate, Question: "Update %s now?", Button: "Update now",
		Explain: fixedText("The staging gets what has changed in the project since it was last deployed. If someone changed its files by hand, they become what this page says.",
			"Its own versions, its settings and its data stay.")},
	"db-reset": {Verb: staging.ResetData, Question: "Reset the test data of %s?", Button: "Reset the test data", Explain: explainReset,
		ReasonLabel: "Reason (optional)", Danger: true, AsksName: true},
	"db-restore": {Verb: staging.RestoreData, Question: "Restore the test data of %s?", Button: "Restore the test data", Explain: explainRestoreData,
		ReasonLabel: "Reason (optional)", Danger: true, AsksName: true},
	"db-snapshot": {Verb: staging.SnapshotData, Question: "Save a copy of the test data of %s?", Button: "Save a copy",
		Explain: fixedText("The staging pauses for a moment. You can restore the copy later, also after a reset.")},
	"db-undo": {Verb: staging.UndoData, Question: "Take back the last change of the test data of %s?", Button: "Take it back",
		Explain: fixedText("The test data from before return as they were, and the app restarts.")},
	"db-forget": {Verb: staging.ForgetData, Question: "Remove saved test data of %s?", Button: "Remove it forever", Danger: true,
		Explain: fixedText("The saved copy is removed. This cannot be undone.")},
	"undo": {Question: "Undo this change of %s?", Button: "Undo this change", AsksVersion: true,
		Explain: fixedText("This change is reverted. Later changes stay.")},
	"rollback": {Verb: staging.Rollback, Question: "Restore this version of %s?", Button: "Restore this version", AsksVersion: true,
		Explain: fixedText("The versions of all parts and all settings become what they were then. Updates are also paused, so that the next build does not undo this; resume them when you are done.",
			"Data stored since then stays.")},
}

func fixedText(sentences ...string) func(*projectRequest, *staging.View) []string {
	return func(*projectRequest, *staging.View) []string { return sentences }
}

func explainArchive(*projectRequest, *staging.View) []string {
	return []string{
		"The staging stops, and its addresses don’t answer until someone restores it.",
		"Its data, settings and history are kept.",
	}
}

func explainRestore(*projectRequest, *staging.View) []string {
	return []string{"The staging starts again as it was, with its data. This takes a minute or two."}
}

func explainExtend(req *projectRequest, view *staging.View) []string {
	days := int(time.Duration(req.project.TTL(view.Staging())).Hours() / 24)
	lines := []string{fmt.Sprintf("It is archived after %d days without a deploy. The %[1]d days start again today.", days)}
	if view.Spec.Expires != nil {
		lines = append(lines, "Until now, it would be archived on "+timestamp{*view.Spec.Expires}.Day()+".")
	}
	return lines
}

// explainDelete lists the data that will be lost.
func explainDelete(req *projectRequest, view *staging.View) []string {
	lines := []string{"You will lose everything it has stored: its database and its files. This cannot be undone."}
	if changed := len(changedSettings(req.project.Settings(view.Staging()))); changed > 0 && req.shows(project.SectionSettings) {
		lines = append(lines, fmt.Sprintf("You will also lose %s.", plural(changed, "changed setting", "changed settings")))
	}
	var addresses []string
	for _, name := range mainFirst(req.project) {
		if address := view.Status.URLs[name]; address != "" {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) > 0 {
		lines = append(lines, "These addresses will stop working: "+strings.Join(addresses, ", ")+".")
	}
	return append(lines, "To stop it for now, archive it instead: that keeps everything.")
}

// confirmPage explains an action and asks for confirmation.
type confirmPage struct {
	frame
	action
	Name, Page string
	Heading    string
	Explained  []string
	Preview    *preview
	Version    string
	To         string
	Setting    string
	form
	Outcome   staging.Outcome // with AsksResult
	Note      string
	Tested    *testResult
	Untested  string // why “It works” is not offered; empty when it is
	About     *event // the change to undo, or the version to restore
	Conflict  *conflict
	WrongName bool
	Action    string // URL of the form

	Data *dataForm // of a verb of the test data; nil for others

	AsksDefault bool // a rollback may return the project's default images too
	WithDefault bool
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	page, action, err := s.confirmPage(r, req, r.URL.Query())
	if err != nil {
		return err
	}
	if page.hasPreview() { // explainDelete lists the losses, and a restart changes nothing
		page.Preview = req.preview(r, change.Request{Action: action}, nil)
	}
	return s.pages.show(w, http.StatusOK, "confirm", page)
}

// hasPreview reports whether the page shows what the action changes.
func (p *confirmPage) hasPreview() bool {
	return !p.AsksResult && !p.Danger && !p.NeedsReason && p.Verb != staging.Restart
}

func (s *Server) confirmPage(r *http.Request, req *projectRequest, form url.Values) (*confirmPage, staging.Action, error) {
	d, known := actions[r.PathValue("verb")]
	if !known {
		return nil, staging.Action{}, staging.Errorf(staging.CodeNotFound, "this page does not exist")
	}
	if err := req.requireWrite(); err != nil {
		return nil, staging.Action{}, err
	}
	name := r.PathValue("name")
	if err := req.viewer.Authorize(req.project, cmp.Or(d.Verb, staging.Undo), name); err != nil {
		return nil, staging.Action{}, err
	}
	view, err := req.committedView(r.Context(), name)
	if err != nil {
		return nil, staging.Action{}, err
	}
	page := &confirmPage{
		action: d, Name: name, Page: req.stagingPath(name, ""), Heading: fmt.Sprintf(d.Question, name), Explained: d.Explain(req, view),
		Version: view.Version, To: form.Get("to"), Setting: form.Get("name"), form: formOfValues(form), Action: r.URL.Path,
		Outcome: staging.Outcome(form.Get("outcome")), Note: strings.TrimSpace(form.Get("note")), Tested: req.testResultOf(view),
	}
	if d.AsksResult {
		now, err := req.latest(r.Context(), name)
		if err != nil {
			return nil, staging.Action{}, err
		}
		page.Untested = req.untestable(now)
	}
	page.Data = req.dataFormOf(d.Verb, view, form)
	page.AsksDefault = d.Verb == staging.Rollback && req.project.SetsDefaults(view.Spec.Branch)
	page.WithDefault = page.AsksDefault && form.Get("withDefault") != ""
	page.frame = s.frame(r, req, page.Heading, "list")
	if d.AsksVersion {
		if page.About, err = req.eventAt(r.Context(), name, page.To); err != nil {
			return nil, staging.Action{}, err
		}
	}
	action := page.actionOf()
	if page.Data != nil {
		action.Seed, action.Label, action.Note = page.Data.seed(form), page.Data.Label, page.Note
	}
	if action.Until, err = untilOf(form, d.Verb, s.Now()); err != nil {
		page.Error = sentence(messageOf(err))
	}
	return page, action, nil
}

// actionOf returns the action for the use cases.
func (page *confirmPage) actionOf() staging.Action {
	if page.AsksVersion && page.Verb == "" {
		return staging.Action{Verb: staging.Undo, Name: page.Name, To: page.To}
	}
	a := staging.Action{Verb: page.Verb, Name: page.Name, To: page.To, Reason: page.Reason, WithDefault: page.WithDefault}
	if page.AsksResult {
		a.Outcome, a.Note = page.Outcome, page.Note
	}
	if page.Verb == staging.Unset {
		a.Unset = []string{page.Setting}
	}
	return a
}

// eventAt returns the event at a revision of a staging's history, if the viewer
// may see it.
func (req *projectRequest) eventAt(ctx context.Context, name, revision string) (*event, error) {
	events, err := req.History(ctx, staging.HistoryQuery{Name: name})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(events, func(e staging.Event) bool { return e.Revision == revision })
	if i < 0 {
		return nil, staging.Errorf(staging.CodeNotFound, "%s has no version with this commit", name)
	}
	line := req.describe(events[i])
	return &line, nil
}

// noReason is the error of an action that needs a reason.
const noReason = "Enter a reason."

// performAction runs a confirmed action.
func (s *Server) performAction(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	form, err := formOf(r)
	if err != nil {
		return err
	}
	page, action, err := s.confirmPage(r, req, form)
	if err != nil {
		return err
	}
	if page.NeedsReason && page.Reason == "" {
		page.Error = noReason
	}
	page.WrongName = page.AsksName && form.Get("confirm") != page.Name
	if page.WrongName || page.Error != "" {
		return s.pages.show(w, http.StatusUnprocessableEntity, "confirm", page)
	}
	if page.Untested != "" && page.Outcome == staging.Tested {
		page.Preview = &preview{Faults: &formErrors{Title: "Your result was not saved."}}
		return s.pages.show(w, http.StatusConflict, "confirm", page)
	}
	result, err := req.apply(r.Context(), requestOf(action, form))
	if change.LosesData(err) {
		page.Preview = &preview{Faults: req.formErrorsOf(err, nil)}
		return s.pages.show(w, http.StatusConflict, "confirm", page)
	}
	if page.refusesData(err) {
		return s.pages.show(w, http.StatusUnprocessableEntity, "confirm", page)
	}
	if staging.CodeOf(err) == staging.CodeConflict && err != nil {
		if page.Conflict = req.conflict(r, page.Name); page.Conflict != nil {
			if page.hasPreview() {
				page.Preview = req.preview(r, change.Request{Action: action}, nil)
			}
			return s.pages.show(w, http.StatusConflict, "confirm", page)
		}
	}
	if page.AsksResult && staging.CodeOf(err) == staging.CodeInvalid {
		page.Preview = &preview{Faults: req.formErrorsOf(err, nil)}
		return s.pages.show(w, http.StatusUnprocessableEntity, "confirm", page)
	}
	if err != nil {
		return err
	}
	done := r.PathValue("verb")
	if done == "unset" {
		done = "undo"
	}
	if !result.Changed {
		done = "nothing"
	}
	if result.Staging == nil {
		done, page.Page = "delete", req.path("")
	}
	req.notify(w, r, done, result)
	return seeOther(w, r, page.Page)
}

// refusesData notes why a change of the test data was refused, so that the page says it.
func (page *confirmPage) refusesData(err error) bool {
	switch staging.CodeOf(err) {
	case staging.CodeInvalid, staging.CodeExists, staging.CodeNotFound, staging.CodeConflict:
		if page.Data != nil && err != nil {
			page.Data.DataFaults = []string{sentence(messageOf(err))}
			return true
		}
	}
	return false
}
