package staging

import "strings"

// Remains are the objects that a deletion has left.
type Remains struct {
	Count   int         // objects that exist
	Objects []Remainder // the first ones that own nothing: they hold it up
}

// Remainder is an object that still exists.
type Remainder struct {
	Object     string   // as in kubectl: ConfigMap/settings
	Owner      string   // the object that it belongs to: Deployment/backend; "" without one
	Finalizers []string // of the object itself: while it has one, Kubernetes keeps it
	Message    string   // the words of Kubernetes: what a Namespace waits for
}

// String names the object, its owner and its finalizers.
func (r Remainder) String() string {
	text := r.Object
	if r.Owner != "" {
		text += " of " + r.Owner
	}
	switch len(r.Finalizers) {
	case 0:
	case 1:
		text += " waits for its finalizer " + r.Finalizers[0]
	default:
		text += " waits for its finalizers " + strings.Join(r.Finalizers, ", ")
	}
	if r.Message != "" {
		text += " (" + r.Message + ")"
	}
	return text
}

// kept lists the objects that a finalizer keeps.
func (r *Remains) kept() (kept []string) {
	for _, o := range r.Objects {
		if len(o.Finalizers) > 0 || o.Message != "" {
			kept = append(kept, o.String())
		}
	}
	return kept
}

// NeedsRemains reports whether a deletion takes so long that people ask what is left.
func (o Observation) NeedsRemains() bool {
	return o.App != nil && o.App.DeletedAt != nil && o.UnreachableSince.IsZero() && o.Now.Sub(*o.App.DeletedAt) > graceToGo
}

// left counts the objects that a deletion has left. The Application still lists
// all objects of the last comparison.
func (o Observation) left() int {
	if o.Remains != nil {
		return o.Remains.Count
	}
	return len(o.App.Resources)
}

// keptBy names the objects that hold up a deletion; "" if none is known.
func (o Observation) keptBy() string {
	if o.Remains == nil {
		return ""
	}
	return causeOf(strings.Join(o.Remains.kept(), "; "))
}

// waitsFor lists what the deletion of an Application waits for.
func (o Observation) waitsFor() string {
	waits := append([]string(nil), o.App.Finalizers...)
	if o.Remains == nil {
		for _, r := range o.App.Resources {
			waits = append(waits, r.String())
		}
		return labelled("waits for", waits)
	}
	for _, r := range o.Remains.Objects {
		waits = append(waits, r.String())
	}
	return labelled("waits for", waits)
}
