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

// deed is something done to a whole staging, explained before it is done.
type deed struct {
	Verb    staging.Verb
	Ask     string // with %s for the staging
	Button  string
	Explain func(*visit, *staging.View) []string
	Reason  string // label of the field that asks why; empty for none
	Danger  bool
	Typed   bool // the name must be typed
	Undoes  bool // ?to= names a version
	Finds   bool // asks what was found
}

// theDeeds are the deeds, by their place in the address.
var theDeeds = map[string]deed{
	"archive": {Verb: staging.Archive, Ask: "Archive %s?", Button: "Archive", Explain: explainArchive},
	"restore": {Verb: staging.Restore, Ask: "Wake up %s?", Button: "Wake up", Explain: explainRestore},
	"delete":  {Verb: staging.Delete, Ask: "Delete %s?", Button: "Delete for good", Explain: explainDelete, Danger: true, Typed: true},
	"restart": {Verb: staging.Restart, Ask: "Restart %s?", Button: "Restart",
		Explain: says("Everything of it stops and starts again: same versions, same settings, same data. It may not answer for a minute.",
			"It is worth a try when something hangs, and when it could not be put in place.")},
	"extend": {Verb: staging.Extend, Ask: "Keep %s for longer?", Button: "Keep it", Explain: explainExtend},
	"pin": {Verb: staging.PinVerb, Ask: "Pin %s?", Button: "Pin", Reason: "Why? Others read this when their build waits.",
		Explain: says("It stays exactly as it is: new builds of the branch are not put on it until somebody unpins it.")},
	"unpin": {Verb: staging.Unpin, Ask: "Unpin %s?", Button: "Unpin",
		Explain: says("The next build of the branch is put on it again.")},
	"unkeep": {Verb: staging.Unkeep, Ask: "Leave %s to the clean-up again?", Button: "Leave it to the clean-up",
		Explain: says("It is archived like any other when nobody deploys to it, or when its branch is gone.")},
	"unset": {Verb: staging.Unset, Ask: "Take back a setting of %s?", Button: "Take it back",
		Explain: says("The setting goes back to what the project says.")},
	"mark": {Verb: staging.Mark, Ask: "Does %s work?", Finds: true,
		Explain: says("Say what you found. It is kept with the version and the settings that are there now; when these change, everybody sees that you tried it as it was before.")},
	"undo": {Ask: "Undo this change of %s?", Button: "Undo this change", Undoes: true,
		Explain: says("What this change did is taken back. What was changed after it stays.")},
	"rollback": {Verb: staging.Rollback, Ask: "Return %s to this version?", Button: "Return to this version", Undoes: true,
		Explain: says("Everything about it becomes what it was then: versions of the parts and settings. It is then pinned, so that the next build does not undo this; unpin it when you are done.",
			"Data that it has stored since are not taken back.")},
}

func says(sentences ...string) func(*visit, *staging.View) []string {
	return func(*visit, *staging.View) []string { return sentences }
}

func explainArchive(*visit, *staging.View) []string {
	return []string{
		"It stops, and its addresses do not answer until somebody wakes it up.",
		"Its data, settings and history are kept.",
	}
}

func explainRestore(*visit, *staging.View) []string {
	return []string{"It starts again as it was, with its data. That takes a minute or two."}
}

func explainExtend(v *visit, view *staging.View) []string {
	days := int(time.Duration(v.project.Spec.Lifecycle.TTL).Hours() / 24)
	said := []string{fmt.Sprintf("It is archived when nobody deploys to it for %d days; these begin anew today.", days)}
	if view.Spec.Expires != nil {
		said = append(said, "Until now it ends on "+moment{*view.Spec.Expires}.Day()+".")
	}
	return said
}

// explainDelete names what will be lost.
func explainDelete(v *visit, view *staging.View) []string {
	said := []string{"Everything it has stored is lost: its database and its files. This cannot be undone."}
	if changed := len(changedSettings(v.project.Settings(view.Staging()))); changed > 0 && v.shows(project.SectionSettings) {
		said = append(said, fmt.Sprintf("So are its %s.", plural(changed, "changed setting", "changed settings")))
	}
	var addresses []string
	for _, name := range mainFirst(v.project) {
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
	deed
	Name, Page string
	Heading    string
	Explained  []string
	Preview    *preview
	Version    string
	To         string
	Setting    string
	Reasoned   string
	Outcome    staging.Outcome // with Finds
	Note       string
	Tested     *tested
	About      *event // the change that is undone, or the version that is returned to
	Conflict   *conflict
	TypedWrong bool
	Action     string // address that the form is sent to
}

func (s *Server) confirm(w http.ResponseWriter, r *http.Request, v *visit) error {
	page, action, err := s.confirmPage(r, v, r.URL.Query())
	if err != nil {
		return err
	}
	if !page.Finds && !page.Danger && page.Verb != staging.Restart { // what is lost is said in words, and a restart changes nothing
		page.Preview = v.preview(r, action, nil)
	}
	return s.pages.show(w, http.StatusOK, "confirm", page)
}

func (s *Server) confirmPage(r *http.Request, v *visit, form url.Values) (*confirmPage, staging.Action, error) {
	d, known := theDeeds[r.PathValue("verb")]
	if !known {
		return nil, staging.Action{}, staging.Errorf(staging.CodeNotFound, "there is no such page")
	}
	if err := v.mayWrite(); err != nil {
		return nil, staging.Action{}, err
	}
	name := r.PathValue("name")
	view, err := v.recorded(r.Context(), name)
	if err != nil {
		return nil, staging.Action{}, err
	}
	page := &confirmPage{
		deed: d, Name: name, Page: v.of(name, ""), Heading: fmt.Sprintf(d.Ask, name), Explained: d.Explain(v, view),
		Version: view.Version, To: form.Get("to"), Setting: form.Get("name"), Reasoned: strings.TrimSpace(form.Get("reason")), Action: r.URL.Path,
		Outcome: staging.Outcome(form.Get("outcome")), Note: strings.TrimSpace(form.Get("note")), Tested: v.testedOf(view),
	}
	page.frame = s.frame(r, v, page.Heading, "list")
	if d.Undoes {
		if page.About, err = v.version(r.Context(), name, page.To); err != nil {
			return nil, staging.Action{}, err
		}
	}
	action, err := v.actionOf(r.Context(), page)
	return page, action, err
}

// actionOf is what the deed asks of the use cases.
func (v *visit) actionOf(ctx context.Context, page *confirmPage) (staging.Action, error) {
	if page.Undoes && page.Verb == "" {
		return v.Revert(ctx, page.Name, page.To)
	}
	a := staging.Action{Verb: page.Verb, Name: page.Name, To: page.To, Reason: page.Reasoned}
	if page.Finds {
		a.Outcome, a.Note = page.Outcome, page.Note
	}
	if page.Verb == staging.Unset {
		a.Unset = []string{page.Setting}
	}
	return a, nil
}

// version is an event of a staging's history that is shown to the viewer.
func (v *visit) version(ctx context.Context, name, revision string) (*event, error) {
	if !v.shows(project.SectionHistory) {
		return nil, staging.Errorf(staging.CodeForbidden, "the history of stagings is not open to you")
	}
	events, err := v.History(ctx, staging.HistoryQuery{Name: name})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(events, func(e staging.Event) bool { return e.Revision == revision })
	if i < 0 {
		return nil, staging.Errorf(staging.CodeNotFound, "%s has no such version", name)
	}
	told := v.tell(events[i])
	return &told, nil
}

// act does what was confirmed.
func (s *Server) act(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := formOf(r)
	if err != nil {
		return err
	}
	page, action, err := s.confirmPage(r, v, form)
	if err != nil {
		return err
	}
	if page.Typed && form.Get("confirm") != page.Name {
		page.TypedWrong = true
		return s.pages.show(w, http.StatusUnprocessableEntity, "confirm", page)
	}
	result, err := v.do(r.Context(), change.Request{Action: action, Version: form.Get("version")})
	if staging.CodeOf(err) == staging.CodeConflict && err != nil {
		if page.Conflict = v.conflict(r, page.Name); page.Conflict != nil {
			if !page.Danger {
				page.Preview = v.preview(r, action, nil)
			}
			return s.pages.show(w, http.StatusConflict, "confirm", page)
		}
	}
	if page.Finds && staging.CodeOf(err) == staging.CodeInvalid {
		page.Preview = &preview{Faults: v.faultsOf(err, nil)}
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
		return seeOther(w, r, v.path("")+"?done=delete")
	}
	return seeOther(w, r, page.Page+"?done="+done)
}

// mostCatchUp is how long a form waits until its own change is on the page.
const mostCatchUp = 3 * time.Second

// do carries out an action and lets the feed catch up, so that the next page
// shows what was done.
func (v *visit) do(ctx context.Context, r change.Request) (change.Result, error) {
	result, err := v.Apply(ctx, r)
	if err != nil || !result.Changed {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, mostCatchUp)
	defer cancel()
	_ = v.CatchUp(ctx) // or the page follows a moment later
	return result, nil
}

// conflict says who was first; nil when nothing else was changed.
func (v *visit) conflict(r *http.Request, name string) *conflict {
	events, err := v.History(r.Context(), staging.HistoryQuery{Name: name, Limit: 1})
	if err != nil || len(events) == 0 {
		return nil
	}
	e := v.tell(events[0])
	c := &conflict{By: cmp.Or(e.By.Name, "Somebody"), At: e.When, What: e.Deed}
	if e.Summary != "" && v.shows(project.SectionHistory) {
		c.What = e.Summary
	}
	return c
}

// recorded is a staging as committed now.
func (v *visit) recorded(ctx context.Context, name string) (*staging.View, error) {
	views, err := v.Find(ctx, staging.Query{Names: []string{name}, Recorded: true})
	if err != nil {
		return nil, err
	}
	return &views[0], nil
}

func (v *visit) mayWrite() error {
	if v.writes() {
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
