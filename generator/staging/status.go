package staging

import "time"

// Phase is what Octopod derives for people.
type Phase string

// The phases. The empty phase means that no Argo CD is connected.
const (
	PhaseCreating  Phase = "Creating"
	PhaseUpdating  Phase = "Updating"
	PhaseRunning   Phase = "Running"
	PhaseDegraded  Phase = "Degraded"
	PhaseFailed    Phase = "Failed"
	PhaseArchiving Phase = "Archiving"
	PhaseArchived  Phase = "Archived"
	PhaseDeleting  Phase = "Deleting"
	PhaseUnknown   Phase = "Unknown"
	PhaseInvalid   Phase = "Invalid" // the record cannot be read
)

// Status is what is known of a staging beyond its record.
type Status struct {
	Phase            Phase                    `json:"phase,omitempty"`
	Reason           Reason                   `json:"reason,omitzero"`            // one sentence for engineers
	Detail           string                   `json:"detail,omitempty"`           // the words of Argo CD or Kubernetes
	Revision         string                   `json:"revision,omitempty"`         // of the env repo that was read
	ObservedRevision string                   `json:"observedRevision,omitempty"` // that Argo CD compared with
	URL              string                   `json:"url,omitempty"`              // of the main service
	URLs             map[string]string        `json:"urls,omitempty"`             // by service
	Services         map[string]ServiceStatus `json:"services,omitempty"`
	Since            *time.Time               `json:"since,omitempty"`   // when the phase began, as far as it was watched
	Changed          *time.Time               `json:"changed,omitempty"` // when a commit last changed it, where that was asked for
	Timings          Timings                  `json:"timings,omitzero"`
	Tested           TestState                `json:"tested,omitempty" enum:"tested,broken,outdated"` // what the mark in the record is worth now
	Untested         []TestedPart             `json:"untried,omitempty" enum:"versions,settings"`     // what is new since, where it is outdated
}

// TeardownDone reports whether the teardown of a deletion is over, so that the
// sweep may remove the record.
func (s Status) TeardownDone() bool {
	return s.Phase == PhaseDeleting && s.Reason.Code == ReasonTeardownDone
}

// Timings are the steps of the last change of a staging, each as far as it is
// reached and known.
type Timings struct {
	Committed *time.Time `json:"committed,omitempty"` // to the env repo
	Seen      *time.Time `json:"seen,omitempty"`      // Argo CD compared the cluster with it
	Synced    *time.Time `json:"synced,omitempty"`    // Argo CD applied it
	Running   *time.Time `json:"running,omitempty"`   // everything that is new works
}

// ServiceStatus compares what should run with what does.
type ServiceStatus struct {
	Wanted string   `json:"wanted"`
	Live   []string `json:"live,omitempty"`
}

// View is a staging as it is shown: its record and its status.
type View struct {
	Document
	Status   Status          `json:"status"`
	Version  string          `json:"-"` // of the record, where it is known: an ETag
	Rollouts []RolloutRecord `json:"-"` // of its versions: of Argo CD's, then of the watch's, each the oldest first
}
