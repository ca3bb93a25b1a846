package web

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// cssClass is how a status looks; a class of the style sheet.
type cssClass string

const (
	classGood     cssClass = "good"
	classBusy     cssClass = "busy"
	classBad      cssClass = "bad"
	classInactive cssClass = "asleep"
	classUnknown  cssClass = "unsure"
)

// statusText is a status for people: a word, a sentence, a look.
type statusText struct {
	Class    cssClass
	Label    string
	Sentence string
	Detail   string // only for those who are shown it
}

// phases are the statuses as testers read them. The sentence serves where the
// reason speaks of things a tester does not know.
var phases = map[staging.Phase]statusText{
	staging.PhaseCreating:  {classBusy, "Starting", "It is being set up for the first time.", ""},
	staging.PhaseUpdating:  {classBusy, "Updating", "A change is on its way.", ""},
	staging.PhaseRunning:   {classGood, "Running", "Everything runs.", ""},
	staging.PhaseDegraded:  {classBad, "Trouble", "A part of it does not work.", ""},
	staging.PhaseFailed:    {classBad, "Failed", "It could not be put in place. Somebody who develops it should have a look.", ""},
	staging.PhaseArchiving: {classBusy, "Going to sleep", "It is being put to sleep. Its data are kept.", ""},
	staging.PhaseArchived:  {classInactive, "Archived", "Asleep. Its data are kept.", ""},
	staging.PhaseDeleting:  {classBusy, "Being deleted", "It is being taken down.", ""},
	staging.PhaseUnknown:   {classUnknown, "Not known", "How it is cannot be told just now.", ""},
	staging.PhaseInvalid:   {classBad, "Unreadable", "Its record was changed by hand and cannot be read.", ""},
}

// statusTextOf puts the status of a staging into words. With detail, the words
// are Argo CD's and Kubernetes' own.
func statusTextOf(v *staging.View, detail bool, titles map[string]string) statusText {
	c, known := phases[v.Status.Phase]
	switch {
	case known:
	case v.Spec.State == staging.Archived:
		c = phases[staging.PhaseArchived]
	case v.Spec.State == staging.Deleting:
		c = phases[staging.PhaseDeleting]
	default: // no Argo CD is connected
		c = statusText{classUnknown, "Saved", "Whether it runs is not known here.", ""}
	}
	c.Sentence = cmp.Or(reasonText(v.Status.Reason, detail, titles), c.Sentence)
	if detail {
		c.Detail = v.Status.Detail
	}
	return c
}

// reasonText words why a staging has its phase: with detail for engineers, else
// for testers, with the titles of the services. It is "" where a tester would
// understand nothing of it.
func reasonText(r staging.Reason, detail bool, titles map[string]string) string {
	if detail {
		return r.String()
	}
	if plain := r.Plain(titles); plain != "" {
		return sentence(plain)
	}
	return ""
}

// verbLabels are the verbs as a history tells them.
var verbLabels = map[staging.Verb]string{
	staging.Deploy: "Deployed", staging.Create: "Created", staging.Update: "Updated", staging.Set: "Changed settings",
	staging.Unset: "Changed settings", staging.Archive: "Archived", staging.Restore: "Woken up", staging.Restart: "Restarted", staging.Delete: "Deleted",
	staging.PinVerb: "Pinned", staging.Unpin: "Unpinned", staging.Rollback: "Went back to an earlier version",
	staging.Regenerate: "Brought up to date with the project", staging.Extend: "Kept for longer",
	staging.Mark: "Marked", staging.Keep: "Kept from the clean-up", staging.Unkeep: "Left to the clean-up again",
}

// sourceLabels say where an action came from.
var sourceLabels = map[staging.Via]string{
	staging.ViaCLI: "command line", staging.ViaCI: "build", staging.ViaWeb: "this page", staging.ViaAPI: "program",
	staging.ViaWebhook: "branch event", staging.ViaSweep: "clean-up", staging.ViaGit: "hand",
}

// notices say what was just done, by the value of ?done=. Nothing of the
// address itself is shown.
var notices = map[string]string{
	"create": "Created. It takes a minute or two until it runs; this page shows how far it is.",
	"set":    "Saved. The change is on its way.", "nothing": "Nothing was different, so nothing was changed.",
	"archive": "Archived. It sleeps now; “Wake up” brings it back as it was.", "restore": "It is waking up.",
	"delete": "Deleted.", "extend": "It is kept for longer.", "pin": "Pinned: it stays at this version.",
	"unpin": "Unpinned: new builds are deployed again.", "rollback": "It goes back to that version, and stays there until you unpin it.",
	"restart": "It is starting again.",
	"unkeep":  "It is like any other again.", "mark": "Thank you: everybody sees it here.", "undo": "Undone. The change is on its way.",
}

func noticeOf(done string) string { return notices[done] }

// summary is what a commit's subject says after verb and name:
// set login: LOG_LEVEL=debug.
func summary(e staging.Event) string {
	if e.Verb == "" {
		return e.Subject
	}
	_, said, _ := strings.Cut(e.Subject, ": ")
	return strings.ReplaceAll(said, "=(absent)", " left out")
}

// tag is how people tell two versions of a part apart.
func tag(image string) string { return staging.ImageTag(image) }

// rolloutText says what became of a version: how long it took, and whether it
// worked. How the newest is now is for its status to say, which is live.
func rolloutText(e staging.Event, newest, detail bool, titles map[string]string) (words string, t cssClass) {
	if e.Rollout == nil {
		return "", ""
	}
	r := e.Rollout
	came := reached("in place", &e.At, r.Applied)
	switch r.Phase {
	case staging.PhaseRunning:
		came = cmp.Or(reached("ran", &e.At, r.Running), came, "ran")
	case staging.PhaseFailed, staging.PhaseDegraded:
		came = reached("ran", &e.At, r.Running)
		if newest {
			return came, ""
		}
		why := cmp.Or(reasonText(r.Reason, detail, titles), phases[r.Phase].Sentence)
		return strings.TrimPrefix(came+", then failed: "+why, ", then "), classBad
	case staging.PhaseCreating, staging.PhaseUpdating:
		if !newest {
			return "replaced before it ran", classInactive
		}
	}
	return came, ""
}

func reached(what string, from, to *time.Time) string {
	if after := took(from, to); after != "" {
		return what + " after " + after
	}
	return ""
}

// took says how long something lasted: 42 s, 3 min.
func took(from, to *time.Time) string {
	if from == nil || to == nil || to.Before(*from) {
		return ""
	}
	return span(to.Sub(*from))
}

func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// initials stand for a person in a circle.
func initials(name string) string {
	var letters []rune
	for word := range strings.FieldsSeq(name) {
		letters = append(letters, []rune(word)[0])
	}
	if len(letters) > 2 {
		letters = []rune{letters[0], letters[len(letters)-1]}
	}
	return strings.ToUpper(string(letters))
}

// timestamp is a time as a page writes it; scripts turn it into "3 minutes ago".
type timestamp struct{ time.Time }

// at is a moment that may not have come.
func at(t *time.Time) *timestamp {
	if t == nil {
		return nil
	}
	return &timestamp{*t}
}

func (m timestamp) Machine() string { return m.UTC().Format(time.RFC3339) }
func (m timestamp) Human() string   { return m.UTC().Format("2 Jan 2006, 15:04 UTC") }
func (m timestamp) Day() string     { return m.UTC().Format("2 Jan 2006") }

// valueText is a value as it may be shown: nothing of a secret, and a word
// where there is nothing.
func valueText(name string, s project.Setting) string {
	text := staging.FormatValue(s.Value)
	if s.Parameter.Type != project.TypeSecret { // a reference names a secret and is none
		text = staging.RedactValue(name, text)
	}
	return text
}

// short is a revision or a commit as people say it.
func short(revision string) string { return revision[:min(len(revision), 7)] }
