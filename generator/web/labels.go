package web

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// cssClass is the class of a status in the style sheet.
type cssClass string

const (
	classGood     cssClass = "good"
	classBusy     cssClass = "busy"
	classBad      cssClass = "bad"
	classInactive cssClass = "asleep"
	classUnknown  cssClass = "unsure"
)

// statusText is a status as displayed.
type statusText struct {
	Class    cssClass
	Label    string
	Sentence string
	Detail   string // only if the viewer sees detail
}

// phases holds the text of every phase for testers. Its sentence is used when the
// reason is too technical for a tester.
var phases = map[staging.Phase]statusText{
	staging.PhaseCreating:  {classBusy, "Starting", "Starting for the first time.", ""},
	staging.PhaseUpdating:  {classBusy, "Updating", "Deploying the change.", ""},
	staging.PhaseRunning:   {classGood, "Running", "All parts are up.", ""},
	staging.PhaseDegraded:  {classBad, "Failing", "A part does not work.", ""},
	staging.PhaseFailed:    {classBad, "Failed", "It could not be deployed. Ask a developer.", ""},
	staging.PhaseArchiving: {classBusy, "Archiving", "It is being stopped. Its data is kept.", ""},
	staging.PhaseArchived:  {classInactive, "Archived", "Stopped. Its data is kept.", ""},
	staging.PhaseDeleting:  {classBusy, "Deleting", "It is being deleted.", ""},
	staging.PhaseUnknown:   {classUnknown, "Unknown", "Can’t check the status right now.", ""},
	staging.PhaseInvalid:   {classBad, "Unreadable", "Its file was edited by hand and is not valid. Ask a developer.", ""},
}

// statusTextOf returns the status text of a staging. With detail, it uses the terms
// of Argo CD and Kubernetes.
func statusTextOf(v *staging.View, detail bool, titles map[string]string) statusText {
	c, known := phases[v.Status.Phase]
	switch {
	case known:
	case v.Spec.State == staging.Archived:
		c = phases[staging.PhaseArchived]
	case v.Spec.State == staging.Deleting:
		c = phases[staging.PhaseDeleting]
	default: // no Argo CD is connected
		c = statusText{classUnknown, "Saved", "Status is not connected.", ""}
	}
	c.Sentence = cmp.Or(reasonText(v.Status.Reason, detail, titles), c.Sentence)
	if last := v.Status.LastKnown; last != nil {
		c.Sentence += fmt.Sprintf(" At %s it was: %s.", timestamp{last.At}.Human(), phases[last.Phase].Label)
	}
	if detail {
		c.Detail = v.Status.Detail
	}
	return c
}

// unbuilt returns the status text of a staging that runs, and runs nothing of its branch.
func unbuilt(c statusText) statusText {
	return statusText{classInactive, c.Label, "Nothing of this branch runs here yet: all parts have the default version. The first build of the branch changes that.", c.Detail}
}

// reasonText formats the reason of a phase: with detail for engineers, else for
// testers with the titles of the services. It returns "" for a reason that is too
// technical for testers.
func reasonText(r staging.Reason, detail bool, titles map[string]string) string {
	if detail {
		return r.String()
	}
	if plain := r.Plain(titles); plain != "" {
		return sentence(plain)
	}
	return ""
}

// verbLabels holds the labels of verbs in a history.
var verbLabels = map[staging.Verb]string{
	staging.Deploy: "Deployed", staging.Create: "Created", staging.Update: "Updated", staging.Set: "Changed settings",
	staging.Unset: "Changed settings", staging.Archive: "Archived", staging.Restore: "Restored", staging.Restart: "Restarted", staging.Delete: "Deleted",
	staging.PinVerb: "Paused updates", staging.Unpin: "Resumed updates", staging.Rollback: "Restored an earlier version",
	staging.Regenerate: "Regenerated from the project’s files", staging.Extend: "Kept for longer",
	staging.Mark: "Test result", staging.Keep: "Kept", staging.Unkeep: "Stopped keeping",
	staging.ResetData: "Reset the test data", staging.SnapshotData: "Saved the test data", staging.RestoreData: "Restored the test data",
	staging.UndoData: "Took back the test data", staging.ForgetData: "Removed saved test data",
}

// sourceLabels holds the labels of the sources of actions.
var sourceLabels = map[staging.Via]string{
	staging.ViaCLI: "on the command line", staging.ViaCI: "by CI", staging.ViaWeb: "on this page", staging.ViaAPI: "through the API",
	staging.ViaWebhook: "by webhook", staging.ViaSweep: "by the clean-up", staging.ViaGit: "directly in git",
}

// notices holds the message after an action, by the action's name in the cookie.
var notices = map[string]string{
	"create": "Created. It takes a minute or two to start; this page shows the progress.",
	"set":    "Saved. The change is being deployed.", "nothing": "No changes to save.",
	"archive": "Archived. “Restore” starts it again as it was.", "restore": "Restoring. It starts again.",
	"delete": "Deleted.", "extend": "Kept for longer.", "pin": "Updates paused. New builds won’t be deployed.",
	"unpin": "Updates resumed. New builds are deployed again.", "rollback": "Restoring that version. New builds won’t be deployed until you resume updates.",
	"restart":   "Restarting.",
	"terminate": "It was stopped. The newest change is applied now.",
	"db-reset":  "Resetting the test data. The app restarts with them.", "db-restore": "Restoring the test data. The app restarts with them.",
	"db-snapshot": "Saving the test data. The staging pauses for a moment.", "db-undo": "Taking it back. The app restarts with the data from before.",
	"db-forget":  "Removed.",
	"regenerate": "Updated. The change is being deployed.",
	"keep":       "Kept. The clean-up leaves it alone.",
	"unkeep":     "No longer kept.", "mark": "Saved. Everyone can see it.", "undo": "Undone. The change is being deployed.",
}

// summary returns the part of a commit subject after verb and name: LOG_LEVEL=debug
// of "set login: LOG_LEVEL=debug".
func summary(e staging.Event) string {
	if e.Verb == "" {
		return e.Subject
	}
	_, text, _ := strings.Cut(e.Subject, ": ")
	return plainRecord(text)
}

var (
	rolledBack   = regexp.MustCompile(`rolled back to [0-9a-f]{7,40}`)
	recordFields = strings.NewReplacer("=(absent)", " removed", "title=", "title ")
)

// plainRecord puts a text of a record or a commit into the words of the page.
func plainRecord(text string) string {
	return rolledBack.ReplaceAllString(recordFields.Replace(text), "an earlier version was restored")
}

// tag returns the tag of an image.
func tag(image string) string { return staging.ImageTag(image) }

// rolloutText describes the rollout of a version: its duration and its outcome. It
// leaves out the outcome of the newest version, which the live status shows.
func rolloutText(e staging.Event, newest, detail bool, titles map[string]string) (words string, t cssClass) {
	if e.Rollout == nil {
		return "", ""
	}
	r := e.Rollout
	came := reached("rolled out", &e.At, r.Applied)
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
			return "superseded before it ran", classInactive
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

// took formats the time between two moments: 42 s, 3 min.
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

// initials returns the initials of a person, for the avatar.
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

// timestamp is a time on a page. The script displays it as "3 minutes ago".
type timestamp struct{ time.Time }

// at returns a timestamp; nil for nil.
func at(t *time.Time) *timestamp {
	if t == nil {
		return nil
	}
	return &timestamp{*t}
}

func (m timestamp) Machine() string { return m.UTC().Format(time.RFC3339) }
func (m timestamp) Human() string   { return m.UTC().Format("2 Jan 2006, 15:04 UTC") }
func (m timestamp) Day() string     { return m.UTC().Format("2 Jan 2006") }

// valueText formats a value and masks it if its name is secret-like.
func valueText(name string, s project.Setting) string {
	text := staging.FormatValue(s.Value)
	if s.Parameter.Type != project.TypeSecret { // a secret reference is not a secret
		text = staging.RedactValue(name, text)
	}
	return text
}

// short returns the short form of a commit.
func short(revision string) string { return revision[:min(len(revision), 7)] }

func sequenceText(n uint64) string { return strconv.FormatUint(n, 10) }
