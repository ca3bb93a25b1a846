package cost

import (
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Point is one commit in the life of a staging: what it needs from then on.
type Point struct {
	At    time.Time
	State staging.State
	Need  Need
	Gone  bool // the commit deleted the staging
	// Unknown means that the objects of the commit cannot be rendered. Then the need is that
	// of the commit before.
	Unknown bool
}

// Life is a staging from its creation to its deletion, or to now. Points are in the order
// of the commits. A name that was used again has several lives.
type Life struct {
	Staging, Branch, Author string
	Points                  []Point
}

// span is a time in which a staging does not change.
type span struct {
	from, to time.Time
	state    staging.State
	rate     Rate // for an hour
	awake    Rate // for an hour, if the staging were active
	need     Need
	unknown  bool
}

// spans returns the times between the points of a life, until an end. Dates of commits may
// go backwards; then a commit holds from the latest date so far.
func (l Life) spans(table project.Cost, until time.Time) []span {
	var all []span
	var latest time.Time
	var awake, last Need
	wasAwake := false
	for i, p := range l.Points {
		if p.At.After(latest) {
			latest = p.At
		}
		if p.Gone {
			break
		}
		need := p.Need
		if p.Unknown {
			need = last
		}
		switch {
		case p.State == staging.Active:
			awake, wasAwake = need, true
		case p.Unknown:
			need = awake.Asleep()
		default:
			need.Storage = max(need.Storage, awake.Storage) // the volumes of all its replicas stay
		}
		last = need
		if !wasAwake { // its need while awake is not known
			awake = need
		}
		to := until
		if i+1 < len(l.Points) && l.Points[i+1].At.Before(until) {
			to = l.Points[i+1].At
		}
		if to.After(latest) {
			all = append(all, span{latest, to, p.State, RateOf(table, need), RateOf(table, awake), need, p.Unknown})
		}
	}
	return all
}
