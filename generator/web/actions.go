package web

import (
	"cmp"
	"context"
	"errors"
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

// action is something done to a whole staging, explained before it is done.
type action struct {
	Verb        staging.Verb
	Question    string // with %s for the staging
	Button      string
	Explain     func(*projectRequest, *staging.View) []string
	ReasonLabel string // label of the field that asks why; empty for none
	Danger      bool
	AsksName    bool // the name must be typed
	AsksVersion bool // ?to= names a version
	AsksResult  bool // asks what was found
}

// actions are the deeds, by their place in the address.
var actions = map[string]action{
	"archive": {Verb: staging.Archive, Question: "Archive %s?", Button: "Archive", Explain: explainArchive},
	"restore": {Verb: staging.Restore, Question: "Wake up %s?", Button: "Wake up", Explain: explainRestore},
	"delete":  {Verb: staging.Delete, Question: "Delete %s?", Button: "Delete for good", Explain: explainDelete, Danger: true, AsksName: true},
	"restart": {Verb: staging.Restart, Question: "Restart %s?", Button: "Restart",
		Explain: fixedText("Everything of it stops and starts again: same versions, same settings, same data. It may not answer for a minute.",
			"It is worth a try when something hangs, and when it could not be put in place.")},
	"extend": {Verb: staging.Extend, Question: "Keep %s for longer?", Button: "Keep it", Explain: explainExtend},
	"pin": {Verb: staging.PinVerb, Question: "Pin %s?", Button: "Pin", ReasonLabel: "Why? Others read this when their build waits.",
		Explain: fixedText("It stays exactly as it is: new builds of the branch are not put on it until somebody unpins it.")},
	"unpin": {Verb: staging.Unpin, Question: "Unpin %s?", Button: "Unpin",
		Explain: fixedText("The next build of the branch is put on it again.")},
	"unkeep": {Verb: staging.Unkeep, Question: "Leave %s to the clean-up again?", Button: "Leave it to the clean-up",
		Explain: fixedText("It is archived like any other when nobody deploys to it, or when its branch is gone.")},
	"unset": {Verb: staging.Unset, Question: "Take back a setting of %s?", Button: "Take it back",
		Explain: fixedText("The setting goes back to what the project says.")},
	"mark": {Verb: staging.Mark, Question: "Does %s work?", AsksResult: true,
		Explain: fixedText("Say what you found. It is kept with the version and the settings that are there now; when these change, everybody sees that you tried it as it was before.")},
	"undo": {Question: "Undo this change of %s?", Button: "Undo this change", AsksVersion: true,
		Explain: fixedText("What this change did is taken back. What was changed after it stays.")},
	"rollback": {Verb: staging.Rollback, Question: "Return %s to this version?", Button: "Return to this version", AsksVersion: true,
		Explain: fixedText("Everything about it becomes what it was then: versions of the parts and settings. It is then pinned, so that the next build does not undo this; unpin it when you are done.",
			"Data that it has stored since are not taken back.")},
}

func fixedText(sentences ...string) func(*projectRequest, *staging.View) []string {
	return func(*projectRequest, *staging.View) []string { return sentences }
}

func explainArchive(*projectRequest, *staging.View) []string {
	return []string{
		"It stops, and its addresses do not answer until somebody wakes it up.",
		"Its data, settings and history are kept.",
	}
}

func explainRestore(*projectRequest, *staging.View) []string {
	return []string{"It starts again as it was, with its data. That takes a minute or two."}
}

func explainExtend(req *projectRequest, view *staging.View) []string {
	days := int(time.Duration(req.project.Spec.Lifecycle.TTL).Hours() / 24)
	said := []string{fmt.Sprintf("It is archived when nobody deploys to it for %d days; these begin anew today.", days)}
	if view.Spec.Expires != nil {
		said = append(said, "Until now it ends on "+timestamp{*view.Spec.Expires}.Day()+".")
	}
	return said
}

// explainDelete names what will be lost.
func explainDelete(req *projectRequest, view *staging.View) []string {
	said := []string{"Everything it has stored is lost: its database and its files. This cannot be undone."}
	if changed := len(changedSettings(req.project.Settings(view.Staging()))); changed > 0 && req.shows(project.SectionSettings) {
		said = append(said, fmt.Sprintf("So are its %s.", plural(changed, "changed setting", "changed settings")))
	}
	var addresses []string
	for _, name := range mainFirst(req.project) {
		if address := view.Status.URLs[name]; address != "" {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) > 0 {
		said = append(said, "These addresses will not answer any more: "+strings.Join(addresses, ", ")+".")
	}
	return append(said, "If you only want it to stop for now, archive it instead: that keeps everything.")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// confirmPage says what a deed would do, and asks once.
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
	ReasonText string
	Outcome    staging.Outcome // with Finds
	Note       string
	Tested     *testResult
	About      *event // the change that is undone, or the version that is returned to
	Conflict   *conflict
	WrongName  bool
	Action     string // address that the form is sent to
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	page, action, err := s.confirmPage(r, req, r.URL.Query())
	if err != nil {
		return err
	}
	if !page.AsksResult && !page.Danger && page.Verb != staging.Restart { // what is lost is said in words, and a restart changes nothing
		page.Preview = req.preview(r, action, nil)
	}
	return s.pages.show(w, http.StatusOK, "confirm", page)
}

func (s *Server) confirmPage(r *http.Request, req *projectRequest, form url.Values) (*confirmPage, staging.Action, error) {
	d, known := actions[r.PathValue("verb")]
	if !known {
		return nil, staging.Action{}, staging.Errorf(staging.CodeNotFound, "there is no such page")
	}
	if err := req.requireWrite(); err != nil {
		return nil, staging.Action{}, err
	}
	name := r.PathValue("name")
	view, err := req.committedView(r.Context(), name)
	if err != nil {
		return nil, staging.Action{}, err
	}
	page := &confirmPage{
		action: d, Name: name, Page: req.stagingPath(name, ""), Heading: fmt.Sprintf(d.Question, name), Explained: d.Explain(req, view),
		Version: view.Version, To: form.Get("to"), Setting: form.Get("name"), ReasonText: strings.TrimSpace(form.Get("reason")), Action: r.URL.Path,
		Outcome: staging.Outcome(form.Get("outcome")), Note: strings.TrimSpace(form.Get("note")), Tested: req.testResultOf(view),
	}
	page.frame = s.frame(r, req, page.Heading, "list")
	if d.AsksVersion {
		if page.About, err = req.eventAt(r.Context(), name, page.To); err != nil {
			return nil, staging.Action{}, err
		}
	}
	action, err := req.actionOf(r.Context(), page)
	return page, action, err
}

// actionOf is what the deed asks of the use cases.
func (req *projectRequest) actionOf(ctx context.Context, page *confirmPage) (staging.Action, error) {
	if page.AsksVersion && page.Verb == "" {
		return req.Revert(ctx, page.Name, page.To)
	}
	a := staging.Action{Verb: page.Verb, Name: page.Name, To: page.To, Reason: page.ReasonText}
	if page.AsksResult {
		a.Outcome, a.Note = page.Outcome, page.Note
	}
	if page.Verb == staging.Unset {
		a.Unset = []string{page.Setting}
	}
	return a, nil
}

// eventAt is an event of a staging's history that is shown to the viewer.
func (req *projectRequest) eventAt(ctx context.Context, name, revision string) (*event, error) {
	if !req.shows(project.SectionHistory) {
		return nil, staging.Errorf(staging.CodeForbidden, "the history of stagings is not open to you")
	}
	events, err := req.History(ctx, staging.HistoryQuery{Name: name})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(events, func(e staging.Event) bool { return e.Revision == revision })
	if i < 0 {
		return nil, staging.Errorf(staging.CodeNotFound, "%s has no such version", name)
	}
	told := req.describe(events[i])
	return &told, nil
}

// performAction does what was confirmed.
func (s *Server) performAction(w http.ResponseWriter, r *http.Request, req *projectRequest) error {
	form, err := formOf(r)
	if err != nil {
		return err
	}
	page, action, err := s.confirmPage(r, req, form)
	if err != nil {
		return err
	}
	if page.AsksName && form.Get("confirm") != page.Name {
		page.WrongName = true
		return s.pages.show(w, http.StatusUnprocessableEntity, "confirm", page)
	}
	result, err := req.apply(r.Context(), change.Request{Action: action, Version: form.Get("version")})
	if staging.CodeOf(err) == staging.CodeConflict && err != nil {
		if page.Conflict = req.conflict(r, page.Name); page.Conflict != nil {
			if !page.Danger {
				page.Preview = req.preview(r, action, nil)
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
		return seeOther(w, r, req.path("")+"?done=delete")
	}
	return seeOther(w, r, page.Page+"?done="+done)
}

// catchUpTimeout is how long a form waits until its own change is on the page.
const catchUpTimeout = 3 * time.Second

// apply carries out an action and lets the feed catch up, so that the next page
// shows what was done.
func (req *projectRequest) apply(ctx context.Context, r change.Request) (change.Result, error) {
	result, err := req.Apply(ctx, r)
	if err != nil || !result.Changed {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, catchUpTimeout)
	defer cancel()
	_ = req.CatchUp(ctx) // or the page follows a moment later
	return result, nil
}

// conflict says who was first; nil when nothing else was changed.
func (req *projectRequest) conflict(r *http.Request, name string) *conflict {
	events, err := req.History(r.Context(), staging.HistoryQuery{Name: name, Limit: 1})
	if err != nil || len(events) == 0 {
		return nil
	}
	e := req.describe(events[0])
	c := &conflict{By: cmp.Or(e.By.Name, "Somebody"), At: e.When, What: e.Action}
	if e.Summary != "" && req.shows(project.SectionHistory) {
		c.What = e.Summary
	}
	return c
}

// committedView is a staging as committed now.
func (req *projectRequest) committedView(ctx context.Context, name string) (*staging.View, error) {
	views, err := req.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return nil, err
	}
	return &views[0], nil
}

func (req *projectRequest) requireWrite() error {
	if req.canWrite() {
		return nil
	}
	return staging.Errorf(staging.CodeForbidden, "you may look at stagings, but not change them")
}

// formOf reads a posted form. One that is too long is the sender's fault.
func formOf(r *http.Request) (url.Values, error) {
	err := r.ParseForm()
	if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
		return nil, staging.Errorf(staging.CodeInvalid, "that is more than a form can hold")
	}
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "the form cannot be read").Because(err)
	}
	return r.PostForm, nil
}

// seeOther answers a form, so that a reload does not send it again.
func seeOther(w http.ResponseWriter, r *http.Request, to string) error {
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}
