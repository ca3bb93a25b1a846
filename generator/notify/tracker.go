package notify

import (
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Event is a state change of a staging that people want to know about.
type Event struct {
	On    project.Trigger
	Again bool // the staging runs again, with the version that failed before

	CaughtUp bool // the state is from before the start of the Tracker
}

// Tracker finds the events in a stream of views. It does not report the first state
// of a staging, unless the staging appeared after Complete. It is confined to one
// goroutine.
type Tracker struct {
	stagings map[string]*trackedStaging
	synced   bool // Complete was called

	// CatchUp reports whether the state of a staging that existed before the start is an
	// event too: a record of past deliveries sorts out the known ones. May be nil.
	CatchUp func(*staging.View) bool
}

// trackedStaging is the last state of a staging.
type trackedStaging struct {
	existing bool                     // existed before Complete, and its state is not known yet
	last     project.Trigger          // last settled state
	version  string                   // version of the record that reported refers to
	reported map[project.Trigger]bool // events reported for this version
	failed   bool                     // the last event was a failure
	ran      time.Time                // when the content of the version first ran; zero if unknown
}

// NewTracker returns an empty tracker.
func NewTracker() *Tracker { return &Tracker{stagings: map[string]*trackedStaging{}} }

// settledTrigger returns the trigger for a settled phase. Phases in between, and unknown
// ones, have none.
func settledTrigger(p staging.Phase) project.Trigger {
	switch p {
	case staging.PhaseRunning:
		return project.OnRunning
	case staging.PhaseFailed:
		return project.OnFailed
	case staging.PhaseDegraded:
		return project.OnDegraded
	case staging.PhaseArchived:
		return project.OnArchived
	}
	return ""
}

// Synced marks the end of the initial stagings: later ones are new.
func (f *Tracker) Synced() { f.synced = true }

// Changed records a view and returns the event to report, or a zero event. A staging
// that alternates between two states causes one event for each state, and one more
// when it runs after a failure.
func (f *Tracker) Changed(v *staging.View) Event {
	k := f.stagings[v.Metadata.Name]
	if k == nil {
		k = &trackedStaging{existing: !f.synced}
		f.stagings[v.Metadata.Name] = k
	}
	if k.version != v.Version {
		k.version, k.reported, k.failed = v.Version, map[project.Trigger]bool{}, false
		if ran := v.Status.Timings.Running; ran != nil && !ran.Equal(k.ran) {
			k.last = "" // other content runs already: there was no state in between
		}
	}
	if ran := v.Status.Timings.Running; ran != nil {
		k.ran = *ran
	}
	switch now := settledTrigger(v.Status.Phase); {
	case v.Status.Phase == staging.PhaseUnknown || v.Status.Phase == "":
		return Event{}
	case k.existing:
		k.existing, k.last, k.reported[now] = false, now, true
		k.failed = now == project.OnFailed || now == project.OnDegraded
		if f.CatchUp == nil || now == "" || !f.CatchUp(v) {
			return Event{}
		}
		return Event{On: now, CaughtUp: true}
	default:
		return k.transition(now)
	}
}

// transition records a new state, or "" for a phase in between, and returns its event.
func (k *trackedStaging) transition(now project.Trigger) Event {
	same := k.last == now
	k.last = now
	again := now == project.OnRunning && k.failed
	if now == "" || same || k.reported[now] && !again {
		return Event{}
	}
	k.reported[now] = true
	k.failed = now == project.OnFailed || now == project.OnDegraded
	return Event{On: now, Again: again}
}

// Deleted removes a deleted staging, given its last view, and returns the event.
func (f *Tracker) Deleted(v *staging.View) Event {
	if _, seen := f.stagings[v.Metadata.Name]; !seen {
		return Event{}
	}
	delete(f.stagings, v.Metadata.Name)
	return Event{On: project.OnDeleted}
}

// Warn records a warning and reports whether it is the first of this version.
func (f *Tracker) Warn(v *staging.View) bool {
	k := f.stagings[v.Metadata.Name]
	if k == nil || k.version != v.Version || k.reported[project.OnWarning] {
		return false
	}
	k.reported[project.OnWarning] = true
	return true
}
