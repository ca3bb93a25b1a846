package staging_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const wantedImage = "registry.example.com/shop/backend:1f2e3d4"

// twice are the first deployment, and the present one of an observation.
var twice = []staging.Deployment{
	{Number: 0, Revision: "77aa", StartedAt: noon.Add(-time.Hour), FinishedAt: noon.Add(-59 * time.Minute)},
	{Number: 1, Revision: "9f3c", StartedAt: noon.Add(-50 * time.Second), FinishedAt: noon.Add(-40 * time.Second)},
}

// running returns an observation of the phase Running. Tests change one thing at a time.
func running() staging.Observation {
	return staging.Observation{
		Now: noon, State: staging.Active, Committed: noon.Add(-time.Minute),
		Compared: true, Applied: true,
		Wanted: map[string]string{"backend": wantedImage},
		App: &staging.Application{
			Name: "shop-login", Staging: "login", Revision: "9f3c", Sync: "Synced", Health: "Healthy",
			ReconciledAt: noon.Add(-20 * time.Second), Deployments: twice,
			Operation: &staging.Operation{
				Phase: "Succeeded", Revision: "9f3c",
				StartedAt: noon.Add(-50 * time.Second), FinishedAt: noon.Add(-40 * time.Second),
			},
			Images:    []string{"postgres:17", wantedImage},
			Resources: []staging.Resource{{Kind: "Deployment", Name: "backend", Health: "Healthy", Sync: "Synced"}},
		},
	}
}

func TestPhaseOf(t *testing.T) {
	type o = staging.Observation
	gone := noon.Add(-12 * time.Minute)
	tests := []struct {
		name   string
		change func(*o)
		phase  staging.Phase
		reason string // substring
		detail string // substring
	}{
		{"running", func(*o) {}, staging.PhaseRunning, "Everything runs", ""},
		{"other stagings moved the branch after the sync", func(o *o) { o.App.Operation.Revision = "older" }, staging.PhaseRunning, "", ""},
		{"never synced because it was there already", func(o *o) { o.App.Operation = nil }, staging.PhaseRunning, "", ""},
		{"only the record changed: nothing to sync", func(o *o) { o.Applied = false }, staging.PhaseRunning, "", ""},

		{"away", func(o *o) { o.UnreachableSince, o.UnreachableError = noon.Add(-time.Minute), "connection refused" }, staging.PhaseUnknown, "Unknown since 11:59:00 UTC", "connection refused"},
		{"away counts more than gone", func(o *o) { o.UnreachableSince, o.Gone = noon, true }, staging.PhaseUnknown, "Unknown since", ""},
		{"Argo CD cannot reach the cluster", func(o *o) { o.LostSince, o.LostError = noon.Add(-time.Minute), "no route to host" }, staging.PhaseUnknown, "Unknown since 11:59:00 UTC: Argo CD cannot reach the cluster", "no route to host"},
		{"Argo CD checks nothing", func(o *o) { o.IdleSince = noon.Add(-5 * time.Minute) }, staging.PhaseUnknown, "Argo CD has checked nothing for 5 min", "application controller"},
		{"Argo CD checks nothing, and nothing is left", func(o *o) { o.IdleSince, o.Gone, o.App = noon, true, nil }, "", "Gone", ""},
		{"Argo CD checks nothing, and has no Application", func(o *o) { o.IdleSince, o.App = noon, nil }, staging.PhaseCreating, "has not seen the commit", ""},
		{"repo-server away", func(o *o) {
			o.App.Sync = "Unknown"
			o.App.Conditions = []staging.Condition{{Type: "ComparisonError", Message: "no connection", Transient: true}}
		}, staging.PhaseUnknown, "cannot read the env repo", "no connection"},

		{"gone", func(o *o) { o.Gone, o.App = true, nil }, "", "Gone", ""},
		{"removal not seen", func(o *o) { o.Gone = true; o.Committed = noon.Add(-5 * time.Second) }, staging.PhaseDeleting, "Waiting for Argo CD to see the removal", ""},
		{"removal not seen for long", func(o *o) { o.Gone = true }, staging.PhaseDeleting, "has not seen the commit for 60 s", ""},
		{"being removed", func(o *o) { o.Gone = true; o.App.DeletedAt = &noon }, staging.PhaseDeleting, "Removing: 1 object left", "waits for: Deployment/backend"},
		{"stuck", func(o *o) {
			o.Gone, o.App.DeletedAt = true, &gone
			o.App.Finalizers = []string{"resources-finalizer.argocd.argoproj.io"}
		}, staging.PhaseDeleting, "Stuck for 12 min", "waits for: resources-finalizer.argocd.argoproj.io, Deployment/backend"},
		{"made anew while the former one goes", func(o *o) { o.App.DeletedAt = &noon }, staging.PhaseUpdating, "is being removed", ""},

		{"no Application yet", func(o *o) { o.App = nil; o.Committed = noon }, staging.PhaseCreating, "Waiting for Argo CD to see the commit", "no Application"},
		{"no Application for long", func(o *o) { o.App = nil; o.Committed = noon.Add(-45 * time.Second) }, staging.PhaseCreating, "has not seen the commit for 40 s", ""},
		{"no Application, and Argo CD says why", func(o *o) {
			o.App, o.SetFault, o.Committed = nil, "error generating params from git:\n repository not found", noon.Add(-45*time.Second)
		}, staging.PhaseCreating, "Argo CD cannot create the Application: error generating params from git: repository not found", "repository not found"},
		{"archived before it ever ran", func(o *o) { o.App, o.State = nil, staging.Archived }, staging.PhaseArchiving, "", ""},

		{"the stale health race", func(o *o) { o.Compared = false; o.Committed = noon }, staging.PhaseUpdating, "Waiting for Argo CD to see the change", "compared 9f3c"},
		{"first compare is stale", func(o *o) { o.Compared = false; o.App.Deployments = nil }, staging.PhaseCreating, "has not seen", ""},
		{"archive not seen", func(o *o) { o.Compared, o.State = false, staging.Archived }, staging.PhaseArchiving, "has not seen", ""},
		{"teardown not seen", func(o *o) { o.Compared, o.State = false, staging.Deleting }, staging.PhaseDeleting, "has not seen", ""},

		{"cannot be rendered", func(o *o) {
			o.App.Conditions = []staging.Condition{{Type: "ComparisonError", Message: "kustomize build failed"}}
		}, staging.PhaseFailed, "cannot render", "kustomize build failed"},
		{"refused by Argo CD", func(o *o) {
			o.App.Conditions = []staging.Condition{{Type: "InvalidSpecError", Message: "project shop does not exist"}}
		}, staging.PhaseFailed, "refuses", "project shop"},
		{"could not be rendered, the mended one comes", func(o *o) {
			o.App.Conditions = []staging.Condition{{Type: "ComparisonError", Message: "kustomize build failed"}}
			o.Committed = noon.Add(-time.Second)
		}, staging.PhaseUpdating, "Waiting for Argo CD to see the change", "kustomize"},
		{"refused by a controller that has just started", func(o *o) {
			o.App.Conditions = []staging.Condition{{Type: "InvalidSpecError", Message: "project shop does not exist", Since: noon.Add(-time.Second)}}
		}, staging.PhaseUpdating, "to accept the Application", "project shop"},
		{"a warning is no fault", func(o *o) { o.App.Conditions = []staging.Condition{{Type: "SharedResourceWarning"}} }, staging.PhaseRunning, "", ""},

		{"syncing", func(o *o) { o.App.Operation = &staging.Operation{Phase: "Running", Message: "waiting for hook"} }, staging.PhaseUpdating, "Applying the change", "waiting for hook"},
		{"syncing the first time", func(o *o) { o.App.Deployments = nil; o.App.Operation = &staging.Operation{Phase: "Running"} }, staging.PhaseCreating, "Applying", ""},
		{"syncing the second time", func(o *o) {
			o.App.Deployments = twice[:1]
			o.App.Operation = &staging.Operation{Phase: "Running", StartedAt: noon}
		}, staging.PhaseUpdating, "Applying", ""},
		{"the first sync is counted before it is finished", func(o *o) {
			o.App.Deployments, o.App.Operation = twice[1:], &staging.Operation{Phase: "Running", StartedAt: twice[1].StartedAt}
		}, staging.PhaseCreating, "Applying", ""},
		{"starting the first time", func(o *o) { o.App.Deployments, o.App.Health = twice[1:], "Progressing" }, staging.PhaseCreating, "Starting", ""},
		{"an earlier sync blocks", func(o *o) { o.Applied = false; o.App.Operation = &staging.Operation{Phase: "Running"} }, staging.PhaseUpdating, "an earlier change", ""},
		{"retrying", func(o *o) {
			o.App.Operation = &staging.Operation{Phase: "Running", Retries: 2, Failures: []string{"quota exceeded"}}
		}, staging.PhaseUpdating, "tried again (2): quota exceeded", "quota exceeded"},
		{"the failure before a retry stays", func(o *o) {
			o.App.Operation = &staging.Operation{Phase: "Running", Retries: 1, Message: "Retrying operation. Attempt #1", Earlier: []string{"Job/migrate: failed"}}
		}, staging.PhaseUpdating, "tried again (1): Job/migrate: failed", "Job/migrate: failed"},
		{"a check after the sync failed", func(o *o) {
			o.App.Operation.Phase, o.App.Operation.CheckFailed, o.App.Operation.Failures = "Failed", true, []string{"Job/smoke: backoff limit"}
		}, staging.PhaseFailed, "Everything was applied, but a check after it failed: Job/smoke: backoff limit", ""},
		{"the repo-server failed during a sync", func(o *o) { o.App.Operation.Phase, o.App.Operation.Transient = "Error", true }, staging.PhaseUnknown, "cannot read the env repo", ""},
		{"a hook hangs", func(o *o) {
			o.App.Operation = &staging.Operation{Phase: "Running", StartedAt: noon.Add(-12 * time.Minute), Waits: []string{"Job/migrate"}}
		}, staging.PhaseUpdating, "Applying the change, for 12 min now: Job/migrate still runs; `octopod terminate` ends the sync", ""},
		{"an earlier change hangs", func(o *o) {
			o.Applied = false
			o.App.Operation = &staging.Operation{Phase: "Running", StartedAt: noon.Add(-12 * time.Minute), Waits: []string{"Job/migrate"}}
		}, staging.PhaseUpdating, "an earlier change, for 12 min now: Job/migrate still runs", ""},
		{"sync failed", func(o *o) {
			o.App.Operation.Phase, o.App.Operation.Failures = "Failed", []string{"namespace other is not permitted"}
		}, staging.PhaseFailed, "could not be applied: namespace other is not permitted", "not permitted"},
		{"the namespace was deleted by hand", func(o *o) {
			o.App.Operation.Phase, o.App.Operation.NamespaceGone, o.App.Operation.Failures = "Failed", true, []string{`Service/web: namespaces "shop-login" not found`}
		}, staging.PhaseFailed, "its data are lost; `octopod restart` creates everything again, empty", "not found"},
		{"sync broke", func(o *o) { o.App.Operation.Phase, o.App.Operation.Message = "Error", "boom" }, staging.PhaseFailed, "could not be applied", "boom"},
		{"an earlier sync failed, the mended one comes", func(o *o) {
			o.App.Operation.Phase, o.Applied, o.App.Sync = "Failed", false, "OutOfSync"
		}, staging.PhaseUpdating, "to apply the change", ""},
		{"out of sync", func(o *o) { o.App.Sync, o.App.Resources[0].Sync = "OutOfSync", "OutOfSync" }, staging.PhaseUpdating, "to apply the change", "not applied yet: Deployment/backend"},
		{"auto-sync is off", func(o *o) { o.App.Sync, o.App.ManualSync = "OutOfSync", true }, staging.PhaseUpdating, "Automated sync of the Application is off", ""},
		{"a sync window blocks", func(o *o) {
			o.App.Sync, o.SyncBlock = "OutOfSync", staging.SyncBlock{Blocked: true, Until: noon.Add(8 * time.Hour)}
		}, staging.PhaseUpdating, "A sync window of Argo CD allows no change until 2026-03-01 20:00 UTC", ""},
		{"a sync window blocks, nobody knows until when", func(o *o) { o.App.Sync, o.SyncBlock.Blocked = "OutOfSync", true }, staging.PhaseUpdating, "allows no change at the moment", ""},
		{"auto-sync gave up", func(o *o) {
			o.App.Sync = "OutOfSync"
			o.App.Conditions = []staging.Condition{{Type: "SyncError", Message: "failed previous sync attempt"}}
		}, staging.PhaseFailed, "could not be applied", "previous"},
		{"sync unknown", func(o *o) { o.App.Sync = "Unknown" }, staging.PhaseUpdating, "", ""},
		{"health from before the sync ended", func(o *o) { o.App.ReconciledAt = o.App.Operation.FinishedAt.Add(-time.Second) }, staging.PhaseUpdating, "Checking", ""},

		{"starting", func(o *o) {
			o.App.Health = "Progressing"
			o.App.Resources = append(o.App.Resources, staging.Resource{Kind: "StatefulSet", Name: "postgres", Health: "Progressing", Message: "0 of 1"},
				staging.Resource{Kind: "ConfigMap", Name: "octopod"})
		}, staging.PhaseUpdating, "Starting: 1 of 2 parts ready", "StatefulSet/postgres Progressing: 0 of 1"},
		{"starting for long", func(o *o) {
			o.App.Health = "Progressing"
			o.App.Operation.FinishedAt = noon.Add(-time.Hour)
		}, staging.PhaseUpdating, "for 60 min now", ""},
		{"missing", func(o *o) { o.App.Health = "Missing" }, staging.PhaseUpdating, "Starting", ""},
		{"health unknown", func(o *o) { o.App.Health = "Unknown" }, staging.PhaseUpdating, "Starting", ""},
		{"paused", func(o *o) { o.App.Health = "Suspended" }, staging.PhaseUpdating, "Paused", ""},
		{"a Job is suspended on purpose", func(o *o) {
			o.App.Health = "Suspended"
			o.App.Resources = append(o.App.Resources, staging.Resource{Kind: "Job", Name: "reindex", Health: "Suspended"})
		}, staging.PhaseRunning, "Everything runs", ""},
		{"a Job and a Rollout are suspended", func(o *o) {
			o.App.Health = "Suspended"
			o.App.Resources = append(o.App.Resources, staging.Resource{Kind: "Job", Name: "reindex", Health: "Suspended"},
				staging.Resource{Kind: "Rollout", Name: "web", Health: "Suspended"})
		}, staging.PhaseUpdating, "Paused", "Rollout/web Suspended"},
		{"degraded", func(o *o) { o.App.Health, o.App.Resources[0].Health = "Degraded", "Degraded" }, staging.PhaseDegraded, "Deployment/backend does not work", ""},
		{"crashing", func(o *o) {
			o.App.Health, o.PodsKnown = "Progressing", true
			o.Pods = []staging.Pod{{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"}}
		}, staging.PhaseFailed, "backend keeps crashing", "backend-1: CrashLoopBackOff"},
		{"no such image", func(o *o) {
			o.App.Health, o.PodsKnown = "Progressing", true
			o.Pods = []staging.Pod{{Workload: "Deployment/backend", Health: "Degraded", Status: "ImagePullBackOff", Images: []string{"x:1"}}}
		}, staging.PhaseFailed, "The image x:1 of backend does not exist", ""},

		{"another image lives", func(o *o) { o.App.Images, o.PodsKnown = []string{"other:1"}, true }, staging.PhaseFailed, "The wanted image of backend does not run", "live: other:1"},
		{"the tag lives, but another digest of it", func(o *o) {
			o.Wanted["backend"], o.App.Images, o.PodsKnown = wantedImage+"@sha256:0a", []string{wantedImage + "@sha256:0b"}, true
		}, staging.PhaseFailed, "The wanted image of backend does not run", "live: " + wantedImage + "@sha256:0b"},
		{"the wanted digest lives", func(o *o) {
			o.Wanted["backend"], o.App.Images = wantedImage+"@sha256:0a", []string{wantedImage + "@sha256:0a"}
		}, staging.PhaseRunning, "Everything runs", ""},
		{"no image lives", func(o *o) { o.App.Images, o.PodsKnown = nil, true }, staging.PhaseFailed, "does not run", "live: none"},
		{"Argo CD lost its list of images", func(o *o) { o.App.Images = []string{"other:1"} }, staging.PhaseUnknown, "Argo CD cannot list the running image of backend", "live: other:1"},
		{"the image comes", func(o *o) {
			o.App.Images = nil
			o.App.Operation.FinishedAt, o.App.ReconciledAt = noon.Add(-time.Second), noon
		}, staging.PhaseUpdating, "Starting backend", ""},

		{"the list of images is from before the pods came", func(o *o) {
			o.App.Images, o.App.Operation.FinishedAt = []string{"other:1"}, noon.Add(-time.Hour)
			o.App.ReconciledAt = noon.Add(-time.Hour + time.Second)
		}, staging.PhaseUpdating, "Starting backend", ""},

		{"archived", func(o *o) { o.State, o.App.Images = staging.Archived, nil }, staging.PhaseArchived, "data are kept", ""},
		{"archived, paused", func(o *o) { o.State, o.App.Images, o.App.Health = staging.Archived, nil, "Suspended" }, staging.PhaseArchived, "", ""},
		{"archiving", func(o *o) { o.State = staging.Archived }, staging.PhaseArchiving, "still stopping", wantedImage},
		{"archiving, pods known", func(o *o) {
			o.State, o.PodsKnown = staging.Archived, true
			o.Pods = []staging.Pod{{Name: "backend-1", Status: "Running"}, {Name: "job-1", Status: "Completed"}}
		}, staging.PhaseArchiving, "1 pod still stopping", "backend-1"},
		{"archived, a completed job stays", func(o *o) {
			o.State, o.PodsKnown = staging.Archived, true
			o.Pods = []staging.Pod{{Name: "job-1", Status: "Completed"}}
		}, staging.PhaseArchived, "", ""},
		{"archive failed", func(o *o) { o.State, o.App.Operation.Phase = staging.Archived, "Failed" }, staging.PhaseFailed, "", ""},

		{"teardown runs", func(o *o) { o.State, o.App.Health = staging.Deleting, "Progressing" }, staging.PhaseDeleting, "The teardown runs", ""},
		{"teardown failed", func(o *o) { o.State, o.App.Health = staging.Deleting, "Degraded" }, staging.PhaseFailed, "The teardown failed", ""},
		{"teardown done", func(o *o) { o.State = staging.Deleting }, staging.PhaseDeleting, "done", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := running()
			tt.change(&o)
			phase, reason, detail := staging.PhaseOf(o)
			if phase != tt.phase || !strings.Contains(reason.String(), tt.reason) || !strings.Contains(detail, tt.detail) {
				t.Errorf("got %s: %q (%q)\nwant %s: %q (%q)", phase, reason, detail, tt.phase, tt.reason, tt.detail)
			}
		})
	}
}

// pick iterates over every combination of choices, like an odometer.
type pick struct{ state, digit, base []int }

func (p *pick) of(n int) int {
	i := len(p.digit)
	if i == len(p.state) {
		p.state = append(p.state, 0)
	}
	p.digit, p.base = append(p.digit, p.state[i]), append(p.base, n)
	return p.state[i]
}

// next returns false after the last combination.
func (p *pick) next() bool {
	p.state = append([]int(nil), p.digit...)
	for i := len(p.state) - 1; i >= 0; i-- {
		if p.state[i]++; p.state[i] < p.base[i] {
			p.state, p.digit, p.base = p.state[:i+1], nil, nil
			return true
		}
	}
	return false
}

func (p *pick) yes() bool { return p.of(2) == 1 }

// combination returns one observation, and which conditions of a settled staging hold.
func combination(p *pick) (o staging.Observation, holds map[string]bool) {
	o, holds = running(), map[string]bool{}
	o.State = []staging.State{staging.Active, staging.Archived, staging.Deleting}[p.of(3)]
	o.Compared, o.Applied = p.yes(), p.yes()
	o.App.Sync = []string{"Synced", "OutOfSync", "Unknown"}[p.of(3)]
	o.App.Operation.Phase = []string{"Succeeded", "Failed", "Error", "Running", "Terminating"}[p.of(5)]
	if strings.HasSuffix(o.App.Operation.Phase, "ing") {
		o.App.Operation.FinishedAt = time.Time{}
	}
	recent := p.yes()
	if !recent {
		o.App.ReconciledAt = noon.Add(-time.Hour)
	}
	o.App.Health = []string{"Healthy", "Progressing", "Degraded", "Suspended", "Missing", "Unknown"}[p.of(6)]
	live := p.of(3) // wanted, other, none
	o.App.Images = [][]string{{wantedImage}, {"other:1"}, nil}[live]
	crash := p.yes()
	if crash {
		o.PodsKnown, o.Pods = true, []staging.Pod{{Name: "p", Health: "Degraded", Status: "Error"}}
	}
	present := p.of(4) // present, terminating, missing, no record
	switch present {
	case 1:
		o.App.DeletedAt = &noon
	case 2:
		o.App = nil
	case 3:
		o.Gone = true
	}
	away := p.yes()
	if away {
		o.UnreachableSince = noon
	}
	holds["there"] = present == 0 && !away
	holds["same tree"] = o.Compared
	if o.App != nil {
		holds["synced"] = o.App.Sync == "Synced"
		// A failed sync of an earlier tree no longer counts when Argo CD reports this one as synced.
		phase := o.App.Operation.Phase
		finished := phase == "Succeeded" || !o.Applied && (phase == "Failed" || phase == "Error")
		holds["applied"] = finished && (recent || phase == "Running")
		holds["healthy"] = o.App.Health == "Healthy" && !crash
	}
	holds["wanted image"] = live == 0
	holds["no pods"] = live == 2 && !crash
	return o, holds
}

func all(holds map[string]bool, names ...string) bool {
	for _, name := range names {
		if !holds[name] {
			return false
		}
	}
	return true
}

func TestPhaseOfEveryCombination(t *testing.T) {
	n := 0
	for p := (&pick{}); ; {
		o, holds := combination(p)
		phase, reason, _ := staging.PhaseOf(o)
		n++
		settled := all(holds, "there", "same tree", "synced", "applied")
		isRunning := settled && o.State == staging.Active && all(holds, "healthy", "wanted image")
		isArchived := settled && o.State == staging.Archived && holds["no pods"]
		if (phase == staging.PhaseRunning) != isRunning || (phase == staging.PhaseArchived) != isArchived || reason == (staging.Reason{}) {
			t.Fatalf("%s (%s) for %s, with %v", phase, reason, describe(o), holds)
		}
		if !o.UnreachableSince.IsZero() && phase != staging.PhaseUnknown {
			t.Fatalf("%s while Argo CD is away", phase)
		}
		if !p.next() {
			break
		}
	}
	t.Logf("%d combinations", n)
}

func describe(o staging.Observation) string {
	text := fmt.Sprintf("state %s, compared %v, applied %v, gone %v", o.State, o.Compared, o.Applied, o.Gone)
	if o.App != nil {
		text += fmt.Sprintf(", app %+v, operation %+v", *o.App, *o.App.Operation)
	}
	return text
}

func BenchmarkPhaseOfThousand(b *testing.B) {
	o := running()
	for b.Loop() {
		for range 1000 {
			staging.PhaseOf(o)
		}
	}
}
