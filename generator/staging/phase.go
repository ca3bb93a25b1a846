package staging

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Observation is everything the phase of a staging follows from.
type Observation struct {
	Now       time.Time
	State     State     // what the record wants
	Gone      bool      // there is no record any more
	Committed time.Time // when the staging's directory, its record apart, last changed in the env repo

	AwaySince time.Time // since when Argo CD cannot be asked; zero when it can
	AwayError string    // why

	App *Application // nil when Argo CD has none
	// Whether envs/<name> at the revision that Argo CD compared, and at the one
	// that its operation applied, is the git tree of the tip, its record apart.
	// Revisions themselves say nothing: commits of other stagings move them.
	Compared, Applied bool

	Wanted map[string]string // image of each service that must have a pod
	Pods   []Pod             // when PodsKnown
	// Whether Pods was asked for. It must be while the staging is not healthy,
	// or its reasons stay general.
	PodsKnown bool
}

// verdict is a phase with its reasons. Its zero value means: ask the next rule.
type verdict struct {
	phase          Phase
	reason, detail string
}

// PhaseOf derives the phase of a staging, one plain sentence of reason for
// people, and a technical one. It never says Running of anything older than
// the tip of the env repo. An empty phase means that nothing is left.
func PhaseOf(o Observation) (phase Phase, reason, detail string) {
	for _, rule := range []func(Observation) verdict{
		away, removed, unseen, replaced, broken, stale, applying, notSynced, unchecked, ended, slept, pods, health, images,
	} {
		if v := rule(o); v != (verdict{}) {
			return v.phase, v.reason, v.detail
		}
	}
	return PhaseRunning, "Everything runs", ""
}

func away(o Observation) verdict {
	if o.AwaySince.IsZero() {
		return verdict{}
	}
	return verdict{PhaseUnknown, "Unknown since " + o.AwaySince.UTC().Format("15:04:05 MST") + ": Argo CD cannot be asked", o.AwayError}
}

// gone is what PhaseOf says of a staging that left no trace.
const gone = "Gone"

func removed(o Observation) verdict {
	switch {
	case !o.Gone:
		return verdict{}
	case o.App == nil:
		return verdict{"", gone, ""}
	case o.App.DeletedAt == nil:
		return verdict{PhaseDeleting, o.late("Waiting for Argo CD to see the removal"), ""}
	}
	return verdict{PhaseDeleting, o.App.leaving(o.Now), o.App.waitsFor()}
}

// unseen: Argo CD has not made the Application yet.
func unseen(o Observation) verdict {
	if o.App != nil {
		return verdict{}
	}
	return verdict{o.under(), o.late("Waiting for Argo CD to see the commit"), "there is no Application"}
}

// replaced: the Application of an earlier staging of this name is still going.
func replaced(o Observation) verdict {
	if o.App.DeletedAt == nil {
		return verdict{}
	}
	return verdict{o.under(), "The Application is being removed; Argo CD makes it anew", o.App.waitsFor()}
}

// broken: Argo CD cannot make sense of what is committed, or cannot look. It
// does not say of which revision, so what it said before the commit is old.
func broken(o Observation) verdict {
	for _, c := range o.App.Conditions {
		switch {
		case c.Type == "InvalidSpecError" && o.Now.Sub(c.Since) < graceForRefusal:
			return verdict{o.under(), "Waiting for Argo CD to accept the Application", c.Message}
		case c.Type == "InvalidSpecError":
			return verdict{PhaseFailed, "Argo CD refuses the Application", c.Message}
		case c.Type == "ComparisonError" && c.Transient:
			return verdict{PhaseUnknown, "Argo CD cannot read the env repo just now", c.Message}
		case c.Type == "ComparisonError" && o.App.ReconciledAt.Before(o.Committed.Truncate(time.Second)):
			return verdict{o.under(), o.late("Waiting for Argo CD to see the change"), c.Message}
		case c.Type == "ComparisonError":
			return verdict{PhaseFailed, "Argo CD cannot render what is committed", c.Message}
		}
	}
	return verdict{}
}

// stale: what Argo CD says is about an earlier commit.
func stale(o Observation) verdict {
	if o.Compared {
		return verdict{}
	}
	return verdict{o.under(), o.late("Waiting for Argo CD to see the change"), "Argo CD compared " + cmp.Or(o.App.Revision, "nothing yet")}
}

func applying(o Observation) verdict {
	op := o.App.Operation
	switch {
	case op == nil:
		return verdict{}
	case op.FinishedAt.IsZero() && !o.Applied:
		return verdict{o.under(), "Waiting until Argo CD is done with an earlier change", op.faults()}
	case op.FinishedAt.IsZero() && op.Retries > 0:
		return verdict{o.under(), fmt.Sprintf("Applying the change failed and is tried again (%d)", op.Retries), op.faults()}
	case op.FinishedAt.IsZero():
		return verdict{o.under(), "Applying the change", op.Message}
	case op.Phase != "Succeeded" && o.Applied:
		return verdict{PhaseFailed, "The change could not be applied", op.faults()}
	}
	return verdict{}
}

func notSynced(o Observation) verdict {
	if o.App.Sync == "Synced" {
		return verdict{}
	}
	late := o.App.those(func(r Resource) bool { return r.Sync == "OutOfSync" })
	for _, c := range o.App.Conditions {
		if c.Type == "SyncError" {
			return verdict{PhaseFailed, "The change could not be applied", c.Message}
		}
	}
	return verdict{o.under(), "Waiting for Argo CD to apply the change", named("not applied yet", late)}
}

// unchecked: the health was looked at before the operation ended, so it may
// describe what ran before.
func unchecked(o Observation) verdict {
	if op := o.App.Operation; op != nil && o.App.ReconciledAt.Before(op.FinishedAt) {
		return verdict{o.under(), "Checking the result", ""}
	}
	return verdict{}
}

// TeardownDone is the reason of a staging that is Deleting and whose record may go.
const TeardownDone = "The teardown is done"

// ended: the teardown of a deletion has two ends, and both leave the record.
func ended(o Observation) verdict {
	switch {
	case o.State != Deleting:
		return verdict{}
	case o.App.Health == "Degraded":
		return verdict{PhaseFailed, "The teardown failed", o.App.unhealthy()}
	case o.App.Health == "Healthy" || o.App.Health == "Suspended":
		return verdict{PhaseDeleting, TeardownDone, ""}
	}
	return verdict{PhaseDeleting, "The teardown runs", o.App.unhealthy()}
}

// slept: archived means that no pod is left. A Job's pod that has completed
// stays for its log and uses nothing.
func slept(o Observation) verdict {
	if o.State != Archived {
		return verdict{}
	}
	var left []string
	for _, p := range o.Pods {
		if p.Status != "Completed" {
			left = append(left, p.Name)
		}
	}
	switch {
	case o.PodsKnown && len(left) > 0:
		return verdict{PhaseArchiving, o.since(patienceToGo, count(len(left), "pod")+" still stopping"), strings.Join(left, ", ")}
	case !o.PodsKnown && len(o.App.Images) > 0:
		return verdict{PhaseArchiving, o.since(patienceToGo, "Pods are still stopping"), strings.Join(o.App.Images, ", ")}
	}
	return verdict{PhaseArchived, "No pod runs; data are kept", ""}
}

// pods finds what health alone says minutes later: a Deployment whose pods
// crash counts as Progressing until its deadline.
func pods(o Observation) verdict {
	for _, p := range o.Pods {
		if p.Health == "Degraded" {
			return verdict{PhaseFailed, p.complaint(), strings.TrimSuffix(p.Name+": "+p.Status+": "+p.Message, ": ")}
		}
	}
	return verdict{}
}

func health(o Observation) verdict {
	switch o.App.Health {
	case "Healthy":
		return verdict{}
	case "Degraded":
		return verdict{PhaseDegraded, plural(o.App.those(ill), "does not work", "do not work"), o.App.unhealthy()}
	case "Suspended":
		return verdict{o.under(), "Paused", o.App.unhealthy()}
	}
	return verdict{o.under(), o.since(patienceToStart, "Starting"+o.App.parts()), o.App.unhealthy()}
}

// images is the last proof: what runs is what was asked for.
func images(o Observation) verdict {
	var missing []string
	for service, image := range o.Wanted {
		if !slices.Contains(o.App.Images, image) {
			missing = append(missing, service)
		}
	}
	if len(missing) == 0 {
		return verdict{}
	}
	slices.Sort(missing)
	detail := fmt.Sprintf("wanted %s; live: %s", o.Wanted[missing[0]], cmp.Or(strings.Join(o.App.Images, ", "), "none"))
	if op := o.App.Operation; op != nil && o.Now.Sub(op.FinishedAt) < graceForImages {
		return verdict{o.under(), "Starting " + strings.Join(missing, ", "), detail}
	}
	return verdict{PhaseFailed, "The wanted image of " + strings.Join(missing, ", ") + " does not run", detail}
}

// under is the phase of something under way.
func (o Observation) under() Phase {
	switch {
	case o.State == Archived:
		return PhaseArchiving
	case o.State == Deleting:
		return PhaseDeleting
	case o.App == nil || o.deploysBefore() == 0:
		return PhaseCreating
	}
	return PhaseUpdating
}

// deploysBefore counts the syncs that succeeded before what is under way. Argo
// CD counts the last one a moment before it calls it finished.
func (o Observation) deploysBefore() int {
	all := len(o.App.Deployments)
	if op := o.App.Operation; all > 0 && o.Applied && op != nil && op.StartedAt.Equal(o.App.Deployments[all-1].StartedAt) {
		return all - 1
	}
	return all
}

// late says how long Argo CD has not looked, once that is too long.
func (o Observation) late(waiting string) string {
	if waited := o.Now.Sub(o.Committed); !o.Committed.IsZero() && waited > patienceToSee {
		return "Argo CD has not seen the commit for " + span(waited)
	}
	return waiting
}

// since adds how long the last operation is over, once that is too long.
func (o Observation) since(patience time.Duration, what string) string {
	op := o.App.Operation
	if op == nil || op.FinishedAt.IsZero() || o.Now.Sub(op.FinishedAt) <= patience {
		return what
	}
	return what + ", for " + span(o.Now.Sub(op.FinishedAt)) + " now"
}
