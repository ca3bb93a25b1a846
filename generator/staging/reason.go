package staging

import (
	"slices"
	"strings"
	"time"
)

// Reason is why a staging has its phase: a code with parameters. Decisions depend on
// the code. Sentences are written where somebody reads them: String for engineers,
// Plain for testers. Reasons are comparable with ==.
type Reason struct {
	Code     ReasonCode
	Parts    Names         // affected services or workloads: backend, Deployment/backend
	Images   Names         // images that cannot be pulled
	Count    int           // ready parts of Total; or remaining objects or pods; or retries
	Total    int           // 0 if unknown
	For      time.Duration // how long it has lasted, if that is too long; see coarse
	Since    time.Time     // in UTC, for ReasonArgoCDUnreachable and ReasonArgoCDIdle
	Last     Phase         // the last known phase, for reasons of an unknown one
	Awaiting Names         // services whose image CI is still building
	Hanging  Names         // hooks and objects that a running sync waits for, if that is too long
	Cause    string        // words of Argo CD or Kubernetes, for engineers; see causeOf
	// Whether pods of the earlier version still serve, beside the new ones that fail.
	EarlierServes bool
	Words         string // the sentence, for a reason decoded from JSON, which has no code
}

// ReasonCode identifies a reason without its parameters.
type ReasonCode string

// The codes: first of settled stagings, then of changes under way, of failures, and of
// an unknown state.
const (
	ReasonRunning  ReasonCode = "Running"
	ReasonArchived ReasonCode = "Archived"

	ReasonCommitNotSeen  ReasonCode = "CommitNotSeen"  // Argo CD has no Application yet
	ReasonNoApplication  ReasonCode = "NoApplication"  // Argo CD cannot create it
	ReasonChangeNotSeen  ReasonCode = "ChangeNotSeen"  // Argo CD compared with an earlier commit
	ReasonRemovalNotSeen ReasonCode = "RemovalNotSeen" // Argo CD still has the Application of a deleted staging
	ReasonSaved          ReasonCode = "Saved"          // the watch has not seen the commit yet
	ReasonReplacing      ReasonCode = "Replacing"      // the Application of an earlier staging of this name is being deleted
	ReasonAccepting      ReasonCode = "Accepting"      // Argo CD has not accepted the Application yet
	ReasonEarlierChange  ReasonCode = "EarlierChange"  // a sync of an earlier commit still runs
	ReasonApplying       ReasonCode = "Applying"
	ReasonRetrying       ReasonCode = "Retrying"
	ReasonNotApplied     ReasonCode = "NotApplied" // out of sync, and no sync runs
	ReasonAutoSyncOff    ReasonCode = "AutoSyncOff"
	ReasonSyncWindow     ReasonCode = "SyncWindow" // Since is its end
	ReasonChecking       ReasonCode = "Checking"   // the health is from before the sync
	ReasonStarting       ReasonCode = "Starting"
	ReasonDataCopying    ReasonCode = "DataCopying" // the Job of the database makes the first data
	ReasonDataResetting  ReasonCode = "DataResetting"
	ReasonDataRestoring  ReasonCode = "DataRestoring"
	ReasonDataSaving     ReasonCode = "DataSaving"
	ReasonMigrating      ReasonCode = "Migrating"
	ReasonPaused         ReasonCode = "Paused"
	ReasonStopping       ReasonCode = "Stopping"
	ReasonRemoving       ReasonCode = "Removing"
	ReasonTeardownRuns   ReasonCode = "TeardownRuns"
	ReasonTeardownDone   ReasonCode = "TeardownDone" // the sweep removes the record
	ReasonGone           ReasonCode = "Gone"

	ReasonRefused          ReasonCode = "Refused" // Argo CD refuses the Application
	ReasonRenderFailed     ReasonCode = "RenderFailed"
	ReasonApplyFailed      ReasonCode = "ApplyFailed"
	ReasonCheckFailed      ReasonCode = "CheckFailed"   // a hook after the sync, which applied everything
	ReasonNamespaceGone    ReasonCode = "NamespaceGone" // somebody deleted it, with the data in it
	ReasonTeardownFailed   ReasonCode = "TeardownFailed"
	ReasonSeedMissing      ReasonCode = "SeedMissing" // Parts is its name
	ReasonSnapshotMissing  ReasonCode = "SnapshotMissing"
	ReasonDataGone         ReasonCode = "DataGone" // of an earlier generation
	ReasonDataNotOurs      ReasonCode = "DataNotOurs"
	ReasonDataInUse        ReasonCode = "DataInUse"
	ReasonDatabaseAway     ReasonCode = "DatabaseAway"
	ReasonDatabaseFull     ReasonCode = "DatabaseFull"
	ReasonDatabaseFailed   ReasonCode = "DatabaseFailed"
	ReasonMigrationFailed  ReasonCode = "MigrationFailed"
	ReasonMigrationHeld    ReasonCode = "MigrationHeld" // the version before still runs
	ReasonCrash            ReasonCode = "Crash"
	ReasonImageMissing     ReasonCode = "ImageMissing"
	ReasonConfigMissing    ReasonCode = "ConfigMissing" // a ConfigMap, a Secret or a key of one
	ReasonUnhealthy        ReasonCode = "Unhealthy"
	ReasonStuck            ReasonCode = "Stuck"      // not ready for very long, and events say why
	ReasonWrongImage       ReasonCode = "WrongImage" // the running image is not the wanted one
	ReasonInvalidRecord    ReasonCode = "InvalidRecord"
	ReasonInvalidManifests ReasonCode = "InvalidManifests"
	ReasonUnreadableFiles  ReasonCode = "UnreadableFiles"

	ReasonArgoCDUnreachable  ReasonCode = "ArgoCDUnreachable"
	ReasonArgoCDIdle         ReasonCode = "ArgoCDIdle"         // it answers, but compares nothing
	ReasonClusterUnreachable ReasonCode = "ClusterUnreachable" // Argo CD cannot reach the cluster of the stagings
	ReasonEnvRepoUnreadable  ReasonCode = "EnvRepoUnreadable"  // Argo CD cannot read it
	ReasonImagesUnknown      ReasonCode = "ImagesUnknown"      // Argo CD cannot list the running images
)

// IsZero reports whether there is no reason, because no Argo CD is connected.
func (r Reason) IsZero() bool { return r == Reason{} }

// Names is a list of names that is comparable with ==. Names contain no comma.
type Names string

// NamesOf returns a list of names in the given order.
func NamesOf(names ...string) Names { return Names(strings.Join(names, ",")) }

// List returns the names as a slice.
func (n Names) List() []string {
	if n == "" {
		return nil
	}
	return strings.Split(string(n), ",")
}

// With returns a sorted list with more names. Each name appears once.
func (n Names) With(more ...string) Names {
	all := append(n.List(), more...)
	slices.Sort(all)
	return NamesOf(slices.Compact(all)...)
}

// MarshalText returns the sentence for engineers, which JSON and YAML contain.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText keeps the sentence that another Octopod wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	*r = Reason{Words: string(text)}
	return nil
}

// coarse truncates a duration to the precision of its text, so that a lasting reason
// changes, and is published, only when its text changes.
func coarse(d time.Duration) time.Duration {
	switch {
	case d < 2*time.Minute:
		return d.Truncate(10 * time.Second)
	case d < 2*time.Hour:
		return d.Truncate(time.Minute)
	}
	return d.Truncate(time.Hour)
}

// maxCause bounds the cause in a sentence. The detail of the status has all of it.
const maxCause = 240

// causeOf returns words of others as the cause of a reason: one line, and not too long.
func causeOf(words string) string {
	line := []rune(strings.Join(strings.Fields(words), " "))
	if len(line) > maxCause {
		return string(line[:maxCause]) + "…"
	}
	return string(line)
}
