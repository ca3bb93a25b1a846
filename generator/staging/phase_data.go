package staging

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// DataObservation is what the record of a staging wants of the database that Octopod keeps.
type DataObservation struct {
	Work   ReasonCode // what the Job of the database does
	Source string     // name of the seed or the snapshot that the data start from
	Image  string     // of the service with the migration; "" without one
}

// ObserveData returns the observation of wanted data.
func ObserveData(d Database, image string) *DataObservation {
	return &DataObservation{Work: d.work(), Source: cmp.Or(d.Seed(), d.RestoredFrom()), Image: image}
}

// work returns what the Job does for the last change of the data.
func (d Database) work() ReasonCode {
	for _, s := range d.Snapshots {
		if d.Since == nil || s.At.After(d.Since.At) {
			return ReasonDataSaving
		}
	}
	switch {
	case d.Since == nil:
		return ReasonDataCopying
	case d.RestoredFrom() != "":
		return ReasonDataRestoring
	}
	return ReasonDataResetting
}

// The Jobs of a database, by their names without the hash.
const (
	jobOfDatabase  = "database"
	jobOfMigration = "migrate"
)

// data: a sync waits for the Jobs of the database, or one of them failed.
func data(o Observation) verdict {
	op := o.App.Operation
	if o.Data == nil || op == nil || !o.Applied || op.FinishedAt.IsZero() && op.Retries > 0 {
		return verdict{}
	}
	switch running := op.FinishedAt.IsZero(); {
	case running && slices.ContainsFunc(op.Waits, isJobOf(jobOfDatabase)):
		return verdict{o.transient(), o.runs(o.Data.Work), op.Message}
	case running && slices.ContainsFunc(op.Waits, isJobOf(jobOfMigration)):
		return verdict{o.transient(), o.runs(ReasonMigrating), op.Message}
	case running || op.Phase == "Succeeded":
	case slices.ContainsFunc(op.Failures, isJobOf(jobOfDatabase)):
		return o.databaseFailed()
	case slices.ContainsFunc(op.Failures, isJobOf(jobOfMigration)):
		return o.migrationFailed()
	}
	return verdict{}
}

// isJobOf returns a filter for texts about a Job: Job/database-1f2e3d4c5b, or with a
// message after it.
func isJobOf(job string) func(string) bool {
	return func(text string) bool {
		object, _, _ := strings.Cut(text, ":")
		kind, name, _ := strings.Cut(object, "/")
		return kind == "Job" && StableName(kind, name) == job
	}
}

// faultsOfData maps the codes of the Job's last words to reasons. docs/databases.md lists
// the codes.
var faultsOfData = map[string]ReasonCode{
	"seed_missing":       ReasonSeedMissing,
	"snapshot_missing":   ReasonSnapshotMissing,
	"generation_gone":    ReasonDataGone,
	"not_ours":           ReasonDataNotOurs,
	"server_unreachable": ReasonDatabaseAway,
	"server_full":        ReasonDatabaseFull,
	"in_use":             ReasonDataInUse,
}

// databaseFailed is the verdict of a failed Job of the database. The words of the Job are
// for engineers.
func (o Observation) databaseFailed() verdict {
	message := o.lastWords(jobOfDatabase)
	var words struct{ Code, Text string }
	_ = json.Unmarshal([]byte(lastLine(message)), &words) // without the words of the Job, the reason stays general
	reason := Reason{Code: cmp.Or(faultsOfData[words.Code], ReasonDatabaseFailed), Cause: causeOf(RedactValue("", cmp.Or(words.Text, message, o.App.Operation.failures())))}
	if reason.Code == ReasonSeedMissing || reason.Code == ReasonSnapshotMissing {
		reason.Parts = NamesOf(o.Data.Source)
	}
	return verdict{PhaseFailed, reason, RedactValue("", cmp.Or(message, o.App.Operation.failures()))}
}

// migrationFailed is the verdict of a failed migration: Argo CD applied nothing after it.
func (o Observation) migrationFailed() verdict {
	message := RedactValue("", cmp.Or(o.lastWords(jobOfMigration), o.App.Operation.failures()))
	reason := Reason{Code: ReasonMigrationFailed, Cause: causeOf(lastLine(message))}
	if len(o.App.Images) > 0 && !slices.Contains(o.App.Images, o.Data.Image) {
		reason.Code = ReasonMigrationHeld
	}
	return verdict{PhaseFailed, reason, message}
}

// lastWords returns the message of the last pod of a Job that failed; "" if it is unknown.
func (o Observation) lastWords(job string) (message string) {
	for _, p := range o.Pods {
		if p.Health == "Degraded" && isJobOf(job)(p.Workload) {
			message = cmp.Or(p.Message, message)
		}
	}
	return message
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
