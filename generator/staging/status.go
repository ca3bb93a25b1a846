package staging

import "time"

// Phase is the state of a staging in the cluster, derived from the env repo and Argo CD.
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

// Status is the observed state of a staging.
type Status struct {
	Phase            Phase                    `json:"phase,omitempty"`
	Reason           Reason                   `json:"reason,omitzero"`            // one sentence for engineers
	Detail           string                   `json:"detail,omitempty"`           // the words of Argo CD or Kubernetes
	Revision         string                   `json:"revision,omitempty"`         // of the env repo, as Octopod read it
	ObservedRevision string                   `json:"observedRevision,omitempty"` // of the env repo, as Argo CD compared it
	URL              string                   `json:"url,omitempty"`              // of the main service
	URLs             map[string]string        `json:"urls,omitempty"`             // by service
	Services         map[string]ServiceStatus `json:"services,omitempty"`
	Since            *time.Time               `json:"since,omitempty"`     // when a watch first saw the phase
	Changed          *time.Time               `json:"changed,omitempty"`   // when a commit last changed it; only for Query.Dated
	LastKnown        *KnownStatus             `json:"lastKnown,omitempty"` // while the phase is Unknown, if a watch saw an earlier one
	Timings          Timings                  `json:"timings,omitzero"`
	Pending          []string                 `json:"pending,omitempty"`                              // objects with pending changes of octopod.yaml or a template; only for Query.Pending
	EditedByHand     bool                     `json:"editedByHand,omitempty"`                         // the files are not what the record gives; only for Query.Pending
	Tested           TestState                `json:"tested,omitempty" enum:"tested,broken,outdated"` // result of the last test
	Untested         []TestedPart             `json:"untried,omitempty" enum:"versions,settings"`     // what has changed since the test
}

// TeardownDone reports whether the teardown of a deletion is over, so that the
// sweep may remove the record.
func (s Status) TeardownDone() bool {
	return s.Phase == PhaseDeleting && s.Reason.Code == ReasonTeardownDone
}

// KnownStatus is the last state that Argo CD reported of a staging.
type KnownStatus struct {
	Phase  Phase     `json:"phase"`
	Reason Reason    `json:"reason,omitzero"`
	At     time.Time `json:"at"` // until when it was known
}

// Timings date the steps of the last change of a staging. A step that has not
// happened, or was not observed, is nil.
type Timings struct {
	Committed *time.Time `json:"committed,omitempty"` // to the env repo
	Seen      *time.Time `json:"seen,omitempty"`      // by Argo CD, which compared the cluster with the commit
	Synced    *time.Time `json:"synced,omitempty"`    // by Argo CD
	Running   *time.Time `json:"running,omitempty"`   // everything new is healthy
}

// ServiceStatus is the wanted image of a service, and the images with a live pod.
type ServiceStatus struct {
	Wanted string   `json:"wanted"`
	Live   []string `json:"live,omitempty"`
}

// View is a staging for display: its record and its status.
type View struct {
	Document
	Status   Status          `json:"status"`
	Version  string          `json:"-"` // of the record: an ETag; "" where it is unknown
	Rollouts []RolloutRecord `json:"-"` // from Argo CD, then from the watch, each oldest first
}
