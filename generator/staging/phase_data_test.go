package staging_test

import (
	"strings"
	"testing"
	"time"

	"octopod/generator/staging"
)

// withData returns an observation of a sync that works on the database: a Job in the
// results of the operation, and the last words of its pod.
func withData(d staging.Database, job, words string, running bool) staging.Observation {
	o := settledWith(d)
	op := o.App.Operation
	if running {
		op.Phase, op.FinishedAt, op.Waits = "Running", time.Time{}, []string{job}
		return o
	}
	op.Phase, op.Failures = "Failed", []string{job + ": Job has reached the specified backoff limit"}
	o.App.Health, o.PodsKnown = "Degraded", true
	o.Pods = []staging.Pod{{Name: "pod", Workload: job, Health: "Degraded", Status: "Error", Message: words}}
	return o
}

func settledWith(d staging.Database) staging.Observation {
	o := running()
	o.Data = staging.ObserveData(d, wantedImage)
	return o
}

// The phases and sentences of a database, for engineers and for testers. Words of the Job
// are for engineers; an unknown code stays general.
func TestPhaseOfADatabase(t *testing.T) {
	const database, migrate = "Job/database-1f2e3d4c5b", "Job/migrate-1f2e3d4c5b"
	fresh := staging.Database{From: "seed/anonymised"}
	reset := staging.Database{Generation: 2, From: "seed/anonymised", Since: &staging.DatabaseChange{At: noon}}
	saved := reset
	saved.Snapshots = map[string]staging.Snapshot{"a": {Generation: 2, At: noon.Add(time.Minute)}}
	restored := staging.Database{Generation: 3, From: "snapshot/a", Since: &staging.DatabaseChange{At: noon.Add(time.Hour)}, Snapshots: saved.Snapshots}
	old := func(o staging.Observation) staging.Observation { o.App.Images = []string{"backend:old"}; return o }
	words := func(code string) string {
		return "connecting\n" + `{"code":"` + code + `","text":"the words of the Job"}`
	}
	for name, tt := range map[string]struct {
		o                  staging.Observation
		phase              staging.Phase
		engineers, testers string
	}{
		"copy":              {withData(fresh, database, "", true), staging.PhaseUpdating, "Copying the test data", "Copying the test data"},
		"reset":             {withData(reset, database, "", true), staging.PhaseUpdating, "Resetting the test data", "Resetting the test data"},
		"snapshot":          {withData(saved, database, "", true), staging.PhaseUpdating, "Saving the test data", "Saving the test data; the staging pauses"},
		"restore":           {withData(restored, database, "", true), staging.PhaseUpdating, "Restoring the test data", "Restoring the test data"},
		"migration":         {withData(reset, migrate, "", true), staging.PhaseUpdating, "Updating the database for this version", "Updating the database for this version"},
		"a Job of others":   {withData(reset, "Job/seed-1f2e3d4c5b", "", true), staging.PhaseUpdating, "Applying the change", "Applying the change"},
		"seed missing":      {withData(fresh, database, words("seed_missing"), false), staging.PhaseFailed, "The seed anonymised does not exist on the server: the words of the Job", "The test data “anonymised” are not there any more: choose others"},
		"snapshot missing":  {withData(restored, database, words("snapshot_missing"), false), staging.PhaseFailed, "The snapshot a does not exist", "The test data “a” are not there"},
		"generation gone":   {withData(fresh, database, words("generation_gone"), false), staging.PhaseFailed, "The data of the earlier generation are gone", "The test data of before are gone. Nothing was changed"},
		"not ours":          {withData(fresh, database, words("not_ours"), false), staging.PhaseFailed, "that Octopod did not make: the words", "There is a database of this name that Octopod did not make"},
		"server away":       {withData(fresh, database, words("server_unreachable"), false), staging.PhaseFailed, "The database server does not answer: the words", "The database server does not answer"},
		"unknown code":      {withData(fresh, database, words("new_code"), false), staging.PhaseFailed, "The Job of the database failed: the words of the Job", "The test data could not be prepared"},
		"no words":          {withData(fresh, database, "", false), staging.PhaseFailed, "The Job of the database failed: Job/database-1f2e3d4c5b: Job has reached", "The test data could not be prepared"},
		"migration failed":  {withData(reset, migrate, "ERROR: column \"email\" does not exist", false), staging.PhaseFailed, "The migration failed: ERROR: column \"email\" does not exist", "The database could not be updated for this version"},
		"migration held":    {old(withData(reset, migrate, "ERROR", false)), staging.PhaseFailed, "The migration failed, and the version before still runs: ERROR", "for this version. The version before still runs"},
		"secret of the Job": {withData(reset, database, `{"code":"denied","text":"dial postgres://shop:s3cr3tPassw0rd@db/shop"}`, false), staging.PhaseFailed, "The Job of the database failed", "could not be prepared"},
		"secret in words":   {withData(reset, migrate, "dial postgres://shop:s3cr3tPassw0rd@db/shop", false), staging.PhaseFailed, "The migration failed", "could not be updated"},
	} {
		phase, reason, detail := staging.PhaseOf(tt.o)
		if phase != tt.phase || !strings.Contains(reason.String(), tt.engineers) || !strings.Contains(reason.Plain(nil), tt.testers) {
			t.Errorf("%s: %s, %q, %q; want %s, %q, %q", name, phase, reason, reason.Plain(nil), tt.phase, tt.engineers, tt.testers)
		}
		if strings.Contains(reason.Plain(nil), "words of the Job") || strings.Contains(reason.Plain(nil), "email") {
			t.Errorf("%s: the words of the Job reach testers: %s", name, reason.Plain(nil))
		}
		if strings.Contains(reason.String()+detail, "s3cr3t") {
			t.Errorf("%s: a secret is shown: %s %s", name, reason, detail)
		}
	}
}
