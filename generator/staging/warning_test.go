package staging_test

import (
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

// Causes that live in events are in the reason, and what some pods, or those of the earlier
// version, still do.
func TestPhaseWithPodsAndWarnings(t *testing.T) {
	type o = staging.Observation
	crash := staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "CrashLoopBackOff"}
	pull := staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Degraded", Status: "ImagePullBackOff", Images: []string{"x:1"}}
	fine := staging.Pod{Name: "backend-2", Workload: "Deployment/backend", Health: "Healthy", Status: "Running"}
	waits := staging.Pod{Name: "backend-1", Workload: "Deployment/backend", Health: "Progressing", Status: "Running"}
	probe := staging.Warning{Object: "Pod/backend-1", Workload: "Deployment/backend", Message: "Readiness probe failed: HTTP probe failed with statuscode: 503"}
	quota := staging.Warning{Object: "ReplicaSet/backend-7d", Workload: "Deployment/backend", Message: `pods "backend-" is forbidden: exceeded quota`}
	other := staging.Warning{Object: "PersistentVolumeClaim/data", Workload: "PersistentVolumeClaim/data", Message: `storageclass "fast" not found`}
	earlier := func(p staging.Pod) staging.Pod { p.Earlier = 1; return p }
	starts := func(minutes int, pods []staging.Pod, warnings ...staging.Warning) func(*o) {
		return func(o *o) {
			o.App.Health, o.App.Resources[0].Health = "Progressing", "Progressing"
			o.App.Operation.FinishedAt = noon.Add(-time.Duration(minutes) * time.Minute)
			o.PodsKnown, o.Pods, o.Warnings = true, pods, warnings
		}
	}
	for _, tt := range []struct {
		name      string
		change    func(*o)
		phase     staging.Phase
		engineers string
		testers   string
	}{
		{"one of three crashes", starts(1, []staging.Pod{fine, crash, fine}), staging.PhaseDegraded, "1 of 3 pods of backend keeps crashing", "1 of 3 instances of backend keeps crashing"},
		{"all crash", starts(1, []staging.Pod{crash, crash}), staging.PhaseFailed, "backend keeps crashing", "backend keeps crashing"},
		{"one of another workload crashes", starts(1, []staging.Pod{crash, {Workload: "Deployment/web", Health: "Healthy"}}), staging.PhaseFailed, "backend keeps crashing", "backend keeps crashing"},
		{"a bad version beside one that serves", starts(1, []staging.Pod{earlier(crash)}), staging.PhaseFailed,
			"backend keeps crashing; the earlier version still answers", "backend keeps crashing; the earlier version still answers"},
		{"why an image cannot be pulled", starts(1, []staging.Pod{pull}, staging.Warning{Object: "Pod/backend-1", Workload: "Deployment/backend", Message: "Failed to pull image: unauthorized"}),
			staging.PhaseFailed, "The image x:1 of backend does not exist or cannot be read: Pod/backend-1: Failed to pull image: unauthorized", "The version of backend that should run cannot be found"},
		{"an exceeded quota", starts(1, nil, quota), staging.PhaseUpdating,
			`Starting: 0 of 1 parts ready: ReplicaSet/backend-7d: pods "backend-" is forbidden: exceeded quota`, "Starting: 0 of 1 parts ready"},
		{"two causes", starts(1, nil, other, quota), staging.PhaseUpdating,
			`Starting: 0 of 1 parts ready: PersistentVolumeClaim/data: storageclass "fast" not found; ReplicaSet/backend-7d: pods`, "Starting"},
		{"not ready yet", starts(6, []staging.Pod{waits}, probe), staging.PhaseUpdating,
			"Starting: 0 of 1 parts ready, for 6 min now: Pod/backend-1: Readiness probe failed: HTTP probe failed with statuscode: 503", "for 6 min now"},
		{"never ready", starts(11, []staging.Pod{earlier(waits)}, probe), staging.PhaseDegraded,
			"Stuck for 11 min: 0 of 1 parts ready: Pod/backend-1: Readiness probe failed: HTTP probe failed with statuscode: 503; the earlier version still answers", "Stuck for 11 min: 0 of 1 parts ready; the earlier version still answers"},
		{"slow, and nobody knows why", starts(11, []staging.Pod{waits}), staging.PhaseUpdating, "Starting: 0 of 1 parts ready, for 11 min now", "for 11 min now"},
		{"why a hook hangs", func(o *o) {
			o.App.Operation = &staging.Operation{Phase: "Running", StartedAt: noon.Add(-12 * time.Minute), Waits: []string{"Job/migrate"}}
			o.Warnings = []staging.Warning{{Object: "Pod/migrate-x", Workload: "Job/migrate", Message: "0/1 nodes are available"}}
		}, staging.PhaseUpdating, "Job/migrate still runs; `octopod terminate` ends the sync (Pod/migrate-x: 0/1 nodes are available)", "migrate has not ended for 12 min; the change waits for it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := running()
			tt.change(&o)
			phase, reason, _ := staging.PhaseOf(o)
			if phase != tt.phase || !strings.Contains(reason.String(), tt.engineers) || !strings.Contains(reason.Plain(nil), tt.testers) {
				t.Errorf("got %s: %q, %q\nwant %s: %q, %q", phase, reason, reason.Plain(nil), tt.phase, tt.engineers, tt.testers)
			}
		})
	}
}

func TestWhenEventsAreRead(t *testing.T) {
	type o = staging.Observation
	for name, tt := range map[string]struct {
		change func(*o)
		want   bool
	}{
		"healthy":             {func(*o) {}, false},
		"just applied":        {func(o *o) { o.App.Health, o.App.Operation.FinishedAt = "Progressing", noon }, false},
		"applied a while ago": {func(o *o) { o.App.Health = "Progressing" }, true},
		"a pod fails already": {func(o *o) {
			o.App.Health, o.App.Operation.FinishedAt, o.Pods = "Progressing", noon, []staging.Pod{{Health: "Degraded"}}
		}, true},
		"a sync runs":           {func(o *o) { o.App.Operation = &staging.Operation{Phase: "Running", StartedAt: noon} }, false},
		"a sync runs for long":  {func(o *o) { o.App.Operation = &staging.Operation{Phase: "Running", StartedAt: noon.Add(-time.Hour)} }, true},
		"of an earlier commit":  {func(o *o) { o.App.Health, o.Compared = "Progressing", false }, false},
		"it is being archived":  {func(o *o) { o.App.Health, o.State = "Progressing", staging.Archived }, false},
		"Argo CD has none":      {func(o *o) { o.App = nil }, false},
		"Argo CD is deleting":   {func(o *o) { o.App.Health, o.App.DeletedAt = "Progressing", &noon }, false},
		"never synced, Missing": {func(o *o) { o.App.Health, o.App.Operation = "Missing", nil }, true},
	} {
		o := running()
		if tt.change(&o); o.NeedsWarnings() != tt.want {
			t.Errorf("%s: %v", name, !tt.want)
		}
	}
}
