package notify

import (
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Occasion is something that happened to a staging, and is worth telling.
type Occasion struct {
	On    project.Trigger
	Again bool // it runs again, with the version that was in trouble
}

// Follower finds the occasions in a stream of views. It knows only what it has
// seen: the first sight of a staging is no news, unless everything was told
// before, so that the staging is new. It is for one goroutine.
type Follower struct {
	known map[string]*known
	all   bool // what was there at the beginning is known
}

// known is what a follower remembers of a staging.
type known struct {
	old     bool                     // it was there at the beginning, and how it is was not seen yet
	last    project.Trigger          // its state while it stands still
	version string                   // of the record that told is about
	told    map[project.Trigger]bool // of this version
	trouble bool                     // it was told of trouble last
}

// NewFollower follows from here on.
func NewFollower() *Follower { return &Follower{known: map[string]*known{}} }

// settled are the phases in which a staging stands still. What lies between
// them, and not knowing, is no occasion.
func settled(p staging.Phase) project.Trigger {
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

// Complete says that everything there was at the beginning has been seen.
func (f *Follower) Complete() { f.all = true }

// Changed takes a view, and gives the occasion to tell of; a zero one for none. A staging
// that comes and goes between two states is told of once for each of them, and
// once more when it runs after trouble.
func (f *Follower) Changed(v *staging.View) Occasion {
	k := f.known[v.Metadata.Name]
	if k == nil {
		k = &known{old: !f.all}
		f.known[v.Metadata.Name] = k
	}
	if k.version != v.Version {
		k.version, k.told, k.trouble = v.Version, map[project.Trigger]bool{}, false
	}
	switch now := settled(v.Status.Phase); {
	case v.Status.Phase == staging.PhaseUnknown || v.Status.Phase == "":
		return Occasion{}
	case k.old:
		k.old, k.last, k.told[now] = false, now, true
		return Occasion{}
	default:
		return k.turn(now)
	}
}

// turn is a step from one state to the next; "" is the way between two.
func (k *known) turn(now project.Trigger) Occasion {
	same := k.last == now
	k.last = now
	again := now == project.OnRunning && k.trouble
	if now == "" || same || k.told[now] && !again {
		return Occasion{}
	}
	k.told[now] = true
	k.trouble = now == project.OnFailed || now == project.OnDegraded
	return Occasion{now, again}
}

// Gone takes the last view of a staging that is no more.
func (f *Follower) Gone(v *staging.View) Occasion {
	if _, seen := f.known[v.Metadata.Name]; !seen {
		return Occasion{}
	}
	delete(f.known, v.Metadata.Name)
	return Occasion{On: project.OnDeleted}
}

// Warned tells whether a warning of this version is the first.
func (f *Follower) Warned(v *staging.View) bool {
	k := f.known[v.Metadata.Name]
	if k == nil || k.version != v.Version || k.told[project.OnWarning] {
		return false
	}
	k.told[project.OnWarning] = true
	return true
}
