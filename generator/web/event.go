package web

import "octopod/generator/staging"

// event is one row of a history, as displayed.
type event struct {
	staging.Event
	When         timestamp
	Action       string
	Summary      string
	Source       string
	Class        cssClass
	Outcome      string   // rollout text; empty if not observed
	OutcomeClass cssClass // of the outcome
	Current      bool     // the current version
	Undo         string   // URL; empty if the change cannot be undone
	Restore      string
	New          string // URL of what the version brought; empty if unknown
	Page         string // of the staging, for the activity
}

// describe returns an event as displayed.
func (req *projectRequest) describe(e staging.Event) event {
	line := event{Event: e, When: timestamp{e.At}, Action: verbLabels[e.Verb], Summary: summary(e), Source: sourceLabels[e.Via], Class: classGood}
	switch e.Verb {
	case "":
		line.Action = "Edited in git"
		if e.Template {
			line.Action = "Template changed"
		}
	case staging.Archive, staging.Delete:
		line.Class = classInactive
	case staging.Rollback, staging.PinVerb:
		line.Class = classUnknown
	}
	if line.Action == "" {
		line.Action = string(e.Verb)
	}
	if e.Staging != "" {
		line.Page = req.stagingPath(e.Staging, "")
	}
	return line
}
