package staging

import (
	"slices"
	"strings"
	"time"
)

// Reason says why a staging has its phase: a code with its parameters. Code
// decides by it; sentences are made of it where somebody reads them (String for
// engineers, Plain for testers). Equal reasons are equal with ==.
type Reason struct {
	Code     ReasonCode
	Parts    Names         // services or workloads it is about: backend, Deployment/backend
	Images   Names         // that cannot be pulled
	Count    int           // of Total that are ready; or objects and pods that are left; or retries
	Total    int           // 0 where it is not known
	For      time.Duration // how long it has lasted, once that is too long; see coarse
	Since    time.Time     // in UTC; only where Argo CD cannot be asked
	Awaiting Names         // services whose image CI still builds
	Words    string        // the sentence of a reason that was read from JSON: its code is not in there
}

// ReasonCode says what happened, without its parameters.
type ReasonCode string

// The codes. A staging that is fine has ReasonRunning or ReasonArchived.
const (
	ReasonRunning  ReasonCode = "Running"
	ReasonArchived ReasonCode = "Archived"

	ReasonCommitNotSeen  ReasonCode = "CommitNotSeen"  // Argo CD has no Application yet
	ReasonChangeNotSeen  ReasonCode = "ChangeNotSeen"  // Argo CD compared with an earlier commit
	ReasonRemovalNotSeen ReasonCode = "RemovalNotSeen" // Argo CD still has the Application of a removed staging
	ReasonSaved          ReasonCode = "Saved"          // a commit was made that the watch has not seen yet
	ReasonReplacing      ReasonCode = "Replacing"      // the Application of an earlier staging of this name is being deleted
	ReasonAccepting      ReasonCode = "Accepting"      // Argo CD has not accepted the Application yet
	ReasonEarlierChange  ReasonCode = "EarlierChange"  // a sync of an earlier commit still runs
	ReasonApplying       ReasonCode = "Applying"
	ReasonRetrying       ReasonCode = "Retrying"
	ReasonNotApplied     ReasonCode = "NotApplied" // out of sync, and no sync runs
	ReasonChecking       ReasonCode = "Checking"   // the health is from before the sync
	ReasonStarting       ReasonCode = "Starting"
	ReasonPaused         ReasonCode = "Paused"
	ReasonStopping       ReasonCode = "Stopping"
	ReasonRemoving       ReasonCode = "Removing"
	ReasonTeardownRuns   ReasonCode = "TeardownRuns"
	ReasonTeardownDone   ReasonCode = "TeardownDone" // the sweep removes the record
	ReasonGone           ReasonCode = "Gone"

	ReasonRefused        ReasonCode = "Refused" // Argo CD refuses the Application
	ReasonRenderFailed   ReasonCode = "RenderFailed"
	ReasonApplyFailed    ReasonCode = "ApplyFailed"
	ReasonTeardownFailed ReasonCode = "TeardownFailed"
	ReasonCrash          ReasonCode = "Crash"
	ReasonImageMissing   ReasonCode = "ImageMissing"
	ReasonConfigMissing  ReasonCode = "ConfigMissing" // a ConfigMap, a Secret or a key of one
	ReasonUnhealthy      ReasonCode = "Unhealthy"
	ReasonWrongImage     ReasonCode = "WrongImage" // another image runs than the record says
	ReasonInvalidRecord  ReasonCode = "InvalidRecord"

	ReasonArgoCDUnreachable ReasonCode = "ArgoCDUnreachable"
	ReasonEnvRepoUnreadable ReasonCode = "EnvRepoUnreadable" // Argo CD cannot read it
)

// IsZero reports whether there is no reason: no Argo CD is connected.
func (r Reason) IsZero() bool { return r == Reason{} }

// Names is a list of names that can be compared with ==. No name holds a comma.
type Names string

// NamesOf joins names in the order in which they are given.
func NamesOf(names ...string) Names { return Names(strings.Join(names, ",")) }

// List returns the names one by one.
func (n Names) List() []string {
	if n == "" {
		return nil
	}
	return strings.Split(string(n), ",")
}

// With adds names and sorts the list. A name appears once.
func (n Names) With(more ...string) Names {
	all := append(n.List(), more...)
	slices.Sort(all)
	return NamesOf(slices.Compact(all)...)
}

// MarshalText writes the sentence for engineers: JSON and YAML hold that.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText keeps a sentence that another Octopod wrote.
func (r *Reason) UnmarshalText(text []byte) error {
	*r = Reason{Words: string(text)}
	return nil
}

// coarse cuts a duration to the precision in which it is shown. A reason that
// lasts is therefore a new one every ten seconds at most, and every hour in the end.
func coarse(d time.Duration) time.Duration {
	switch {
	case d < 2*time.Minute:
		return d.Truncate(10 * time.Second)
	case d < 2*time.Hour:
		return d.Truncate(time.Minute)
	}
	return d.Truncate(time.Hour)
}
