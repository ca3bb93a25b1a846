package staging

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Observation is everything that the phase of a staging is derived from.
type Observation struct {
	Now       time.Time
	State     State     // what the record wants
	Gone      bool      // the record no longer exists
	Committed time.Time // when the staging's directory, except its record, last changed in the env repo

	UnreachableSince time.Time // since when Argo CD is unreachable; zero if it is reachable
	UnreachableError string    // why

	// Since when Argo CD compares no staging of the project in spite of refreshes.
	IdleSince time.Time
	LostSince time.Time // since when Argo CD cannot reach the cluster
	LostError string    // why
	SyncBlock SyncBlock // set it while a sync is due and none runs
	SetFault  string    // why Argo CD creates no Application, in its own words

	App *Application // nil when Argo CD has none
	// Whether envs/<name>, except its record, has the same git tree at the tip as at
	// the revision that Argo CD compared, and as at the one that its operation applied.
	// Revisions themselves prove nothing: commits of other stagings move them.
	Compared, Applied bool

	Data *DataObservation // nil where Octopod keeps no database

	Wanted map[string]string // image of each service that must have a pod
	// Why the committed manifests cannot be read; "" when they can, or were not read.
	ManifestsError string
	Pods           []Pod // when PodsKnown
	// Whether Pods was fetched. Fetch it while the staging is not healthy, or its
	// reasons stay general.
	PodsKnown bool
	Warnings  []Warning // why objects do not work, if that is known. See NeedsWarnings
	Remains   *Remains  // what a deletion has left; nil if unknown. See NeedsRemains
}

// verdict is a phase with its reason and technical detail. The zero value means:
// try the next rule.
type verdict struct {
	phase  Phase
	reason Reason
	detail string
}

// PhaseOf derives the phase of a staging, the reason for it, and the detail: words
// of Argo CD or Kubernetes, for engineers. It never returns Running for anything
// older than the tip of the env repo. An empty phase means that nothing is left.
func PhaseOf(o Observation) (phase Phase, reason Reason, detail string) {
	for _, rule := range []func(Observation) verdict{
		unreachable, lost, idle, removed, noApplication, replaced, broken, stale, data, applying, notSynced, unchecked, tornDown, archived, pods, health, images,
	} {
		if v := rule(o); v != (verdict{}) {
			return v.phase, v.reason, v.detail
		}
	}
	return PhaseRunning, Reason{Code: ReasonRunning}, ""
}

func unreachable(o Observation) verdict {
	if o.UnreachableSince.IsZero() {
		return verdict{}
	}
	since := o.UnreachableSince.Round(0).UTC() // without a monotonic clock, so that == compares the time alone
	return verdict{PhaseUnknown, Reason{Code: ReasonArgoCDUnreachable, Since: since}, o.UnreachableError}
}

// lost: Argo CD reports what it knew of the cluster.
func lost(o Observation) verdict {
	if o.LostSince.IsZero() || o.App == nil {
		return verdict{}
	}
	since := o.LostSince.Round(0).UTC()
	return verdict{PhaseUnknown, Reason{Code: ReasonClusterUnreachable, Since: since}, o.LostError}
}

// idle: Argo CD answers, but its reports are old.
func idle(o Observation) verdict {
	if o.IdleSince.IsZero() || o.App == nil {
		return verdict{}
	}
	since := o.IdleSince.Round(0).UTC()
	return verdict{PhaseUnknown, Reason{Code: ReasonArgoCDIdle, Since: since, For: coarse(o.Now.Sub(since))}, "Argo CD answers, but does not refresh: is its application controller running?"}
}

func removed(o Observation) verdict {
	switch {
	case !o.Gone:
		return verdict{}
	case o.App == nil:
		return verdict{"", Reason{Code: ReasonGone}, ""}
	case o.App.DeletedAt == nil:
		return verdict{PhaseDeleting, o.notSeen(ReasonRemovalNotSeen), ""}
	}
	return verdict{PhaseDeleting, Reason{Code: ReasonRemoving, Count: o.left(), For: o.removingFor(), Cause: o.keptBy()}, o.waitsFor()}
}

// removingFor is how long the Application has been deleting; 0 while that is normal.
func (o Observation) removingFor() time.Duration {
	return beyond(patienceToGo, o.Now.Sub(*o.App.DeletedAt))
}

// noApplication: Argo CD has not created the Application yet.
func noApplication(o Observation) verdict {
	if o.App != nil {
		return verdict{}
	}
	if o.SetFault != "" {
		reason := o.notSeen(ReasonNoApplication)
		reason.Cause = causeOf(o.SetFault)
		return verdict{o.transient(), reason, o.SetFault}
	}
	return verdict{o.transient(), o.notSeen(ReasonCommitNotSeen), "there is no Application"}
}

// replaced: the Application of an earlier staging of this name is still being deleted.
func replaced(o Observation) verdict {
	if o.App.DeletedAt == nil {
		return verdict{}
	}
	return verdict{o.transient(), Reason{Code: ReasonReplacing, Cause: o.keptBy()}, o.waitsFor()}
}

// broken: Argo CD cannot use what is committed, or cannot read it. A condition does
// not name its revision, so one from before the commit says nothing of the commit.
func broken(o Observation) verdict {
	for _, c := range o.App.Conditions {
		switch {
		case c.Type == "InvalidSpecError" && o.Now.Sub(c.Since) < graceForRefusal:
			return verdict{o.transient(), Reason{Code: ReasonAccepting}, c.Message}
		case c.Type == "InvalidSpecError":
			return verdict{PhaseFailed, Reason{Code: ReasonRefused}, c.Message}
		case c.Type == "ComparisonError" && c.Transient:
			return verdict{PhaseUnknown, Reason{Code: ReasonEnvRepoUnreadable}, c.Message}
		case c.Type == "ComparisonError" && o.App.ReconciledAt.Before(o.Committed.Truncate(time.Second)):
			return verdict{o.transient(), o.notSeen(ReasonChangeNotSeen), c.Message}
		case c.Type == "ComparisonError":
			return verdict{PhaseFailed, Reason{Code: ReasonRenderFailed}, c.Message}
		}
	}
	return verdict{}
}

// stale: Argo CD compared the cluster with an earlier commit.
func stale(o Observation) verdict {
	if o.Compared {
		return verdict{}
	}
	return verdict{o.transient(), o.notSeen(ReasonChangeNotSeen), "Argo CD compared " + cmp.Or(o.App.Revision, "nothing yet")}
}

func applying(o Observation) verdict {
	op := o.App.Operation
	switch {
	case op == nil:
		return verdict{}
	case op.FinishedAt.IsZero() && !o.Applied:
		return verdict{o.transient(), o.runs(ReasonEarlierChange), op.failures()}
	case op.FinishedAt.IsZero() && op.Retries > 0:
		return verdict{o.transient(), Reason{Code: ReasonRetrying, Count: op.Retries, Cause: causeOf(op.failures())}, op.failures()}
	case op.FinishedAt.IsZero():
		return verdict{o.transient(), o.runs(ReasonApplying), op.Message}
	case op.Phase != "Succeeded" && o.Applied && op.Transient:
		return verdict{PhaseUnknown, Reason{Code: ReasonEnvRepoUnreadable}, op.Message}
	case op.Phase != "Succeeded" && o.Applied && op.NamespaceGone:
		return verdict{PhaseFailed, Reason{Code: ReasonNamespaceGone}, op.failures()}
	case op.Phase != "Succeeded" && o.Applied && op.CheckFailed:
		return verdict{PhaseFailed, Reason{Code: ReasonCheckFailed, Cause: causeOf(op.failures())}, op.failures()}
	case op.Phase != "Succeeded" && o.Applied:
		return verdict{PhaseFailed, Reason{Code: ReasonApplyFailed, Cause: causeOf(op.failures())}, op.failures()}
	}
	return verdict{}
}

// runs is the reason of a sync that runs: once it takes long, with what it waits for.
func (o Observation) runs(code ReasonCode) Reason {
	op := o.App.Operation
	r := Reason{Code: code, For: beyond(patienceToApply, o.Now.Sub(op.StartedAt))}
	if op.StartedAt.IsZero() {
		r.For = 0
	}
	if r.For > 0 && len(op.Waits) > 0 {
		r.Cause = causeOf(strings.Join(op.Waits, ", ") + " still runs; `octopod terminate` ends the sync")
		r.Hanging = NamesOf(op.Waits...)
		if why := o.warned(""); why != "" {
			r.Cause = causeOf(r.Cause + " (" + why + ")")
		}
	}
	return r
}

func notSynced(o Observation) verdict {
	if o.App.Sync == "Synced" {
		return verdict{}
	}
	outOfSync := o.App.names(func(r Resource) bool { return r.Sync == "OutOfSync" })
	for _, c := range o.App.Conditions {
		if c.Type == "SyncError" {
			return verdict{PhaseFailed, Reason{Code: ReasonApplyFailed, Cause: causeOf(c.Message)}, c.Message}
		}
	}
	return verdict{o.transient(), o.notApplied(), labelled("not applied yet", outOfSync)}
}

// notApplied is the reason why no sync runs although one is due.
func (o Observation) notApplied() Reason {
	switch {
	case o.App.ManualSync:
		return Reason{Code: ReasonAutoSyncOff}
	case o.SyncBlock.Blocked:
		return Reason{Code: ReasonSyncWindow, Since: o.SyncBlock.Until.UTC()}
	}
	return Reason{Code: ReasonNotApplied}
}

// unchecked: the health is from before the operation ended, so it may describe
// what ran earlier.
func unchecked(o Observation) verdict {
	if op := o.App.Operation; op != nil && o.App.ReconciledAt.Before(op.FinishedAt) {
		return verdict{o.transient(), Reason{Code: ReasonChecking}, ""}
	}
	return verdict{}
}

// tornDown: a teardown succeeds or fails, and the record stays in both cases.
func tornDown(o Observation) verdict {
	switch {
	case o.State != Deleting:
		return verdict{}
	case o.App.Health == "Degraded":
		return verdict{PhaseFailed, Reason{Code: ReasonTeardownFailed}, o.App.unhealthy()}
	case o.App.Health == "Healthy" || o.App.Health == "Suspended":
		return verdict{PhaseDeleting, Reason{Code: ReasonTeardownDone}, ""}
	}
	return verdict{PhaseDeleting, Reason{Code: ReasonTeardownRuns}, o.App.unhealthy()}
}

// archived: no pod may be left. The pod of a completed Job stays for its log and
// uses nothing.
func archived(o Observation) verdict {
	if o.State != Archived {
		return verdict{}
	}
	var left []string
	for _, p := range o.Pods {
		if p.Status != "Completed" {
			left = append(left, p.Name)
		}
	}
	stopping := Reason{Code: ReasonStopping, Count: len(left), For: o.since(patienceToGo)}
	switch {
	case o.PodsKnown && len(left) > 0:
		return verdict{PhaseArchiving, stopping, strings.Join(left, ", ")}
	case !o.PodsKnown && len(o.App.Images) > 0:
		return verdict{PhaseArchiving, stopping, strings.Join(o.App.Images, ", ")}
	}
	return verdict{PhaseArchived, Reason{Code: ReasonArchived}, ""}
}

func health(o Observation) verdict {
	switch o.App.Health {
	case "Healthy":
		return verdict{}
	case "Degraded":
		degraded := o.App.names(func(r Resource) bool { return r.Health == "Degraded" })
		return verdict{PhaseDegraded, Reason{Code: ReasonUnhealthy, Parts: NamesOf(degraded...)}, o.App.unhealthy()}
	case "Suspended":
		if o.App.suspendsOnlyJobs() {
			return verdict{} // nothing that should run is suspended
		}
		return verdict{o.transient(), Reason{Code: ReasonPaused}, o.App.unhealthy()}
	}
	return o.starting()
}

// images checks that the running images are the wanted ones.
func images(o Observation) verdict {
	missing := o.MissingImages()
	if len(missing) == 0 {
		return verdict{}
	}
	detail := fmt.Sprintf("wanted %s; live: %s", o.Wanted[missing[0]], cmp.Or(strings.Join(o.App.Images, ", "), "none"))
	starting := verdict{o.transient(), Reason{Code: ReasonStarting, Parts: NamesOf(missing...)}, detail}
	switch op := o.App.Operation; {
	case op != nil && o.Now.Sub(op.FinishedAt) < graceForImages:
		return starting
	case o.ManifestsError != "":
		return verdict{PhaseFailed, Reason{Code: ReasonInvalidManifests}, o.ManifestsError}
	case op != nil && o.App.ReconciledAt.Sub(op.FinishedAt) < graceForImages: // the list of live images is old
		return starting
	case !o.PodsKnown: // Argo CD answers, but has lost what it knew of the cluster
		return verdict{PhaseUnknown, Reason{Code: ReasonImagesUnknown, Parts: NamesOf(missing...)}, detail}
	}
	return verdict{PhaseFailed, Reason{Code: ReasonWrongImage, Parts: NamesOf(missing...)}, detail}
}

// MissingImages returns the services, sorted, whose wanted image Argo CD does not list as
// live.
func (o Observation) MissingImages() (missing []string) {
	for service, image := range o.Wanted {
		if !slices.Contains(o.App.Images, image) {
			missing = append(missing, service)
		}
	}
	slices.Sort(missing)
	return missing
}

// transient is the phase of a change that is under way.
func (o Observation) transient() Phase {
	switch {
	case o.State == Archived:
		return PhaseArchiving
	case o.State == Deleting:
		return PhaseDeleting
	case o.App == nil || o.earlierDeployments() == 0:
		return PhaseCreating
	}
	return PhaseUpdating
}

// earlierDeployments counts the syncs that succeeded before the one under way. Argo
// CD lists the last one a moment before it reports it as finished.
func (o Observation) earlierDeployments() int {
	all := len(o.App.Deployments)
	if op := o.App.Operation; all > 0 && o.Applied && op != nil && op.StartedAt.Equal(o.App.Deployments[all-1].StartedAt) {
		return all - 1
	}
	return all
}

// notSeen is the reason of a staging whose last commit Argo CD has not seen.
func (o Observation) notSeen(code ReasonCode) Reason {
	r := Reason{Code: code}
	if !o.Committed.IsZero() {
		r.For = beyond(patienceToSee, o.Now.Sub(o.Committed))
	}
	return r
}

// since is how long ago the last operation finished; 0 within the patience.
func (o Observation) since(patience time.Duration) time.Duration {
	op := o.App.Operation
	if op == nil || op.FinishedAt.IsZero() {
		return 0
	}
	return beyond(patience, o.Now.Sub(op.FinishedAt))
}

// beyond is a duration that exceeds the patience, in coarse steps; else 0.
func beyond(patience, d time.Duration) time.Duration {
	if d <= patience {
		return 0
	}
	return coarse(d)
}
