package staging

import (
	"slices"
	"strings"
	"time"
)

// Warning is the last warning in the events of an object that does not work: why a quota, a
// storage class, a probe or a registry holds it up.
type Warning struct {
	Object   string // as in kubectl: Pod/backend-7d9f
	Workload string // the outermost owner: Deployment/backend
	Reason   string // FailedCreate, FailedScheduling, ProvisioningFailed, Unhealthy, …
	Message  string
	Last     time.Time
}

// NeedsWarnings reports whether something takes so long, or fails so, that the events of
// its objects say why.
func (o Observation) NeedsWarnings() bool {
	if o.App == nil || !o.Compared || o.App.DeletedAt != nil || o.State != Active {
		return false
	}
	op := o.App.Operation
	switch {
	case op != nil && op.FinishedAt.IsZero():
		return !op.StartedAt.IsZero() && o.Now.Sub(op.StartedAt) > patienceToApply
	case o.App.Health == "Healthy":
		return false
	case slices.ContainsFunc(o.Pods, func(p Pod) bool { return p.Health == "Degraded" }):
		return true
	}
	return op == nil || o.Now.Sub(op.FinishedAt) > graceForEvents
}

// maxWarnings bounds the warnings in a sentence: more of them rarely have another cause.
const maxWarnings = 2

// warned returns the warnings about the objects of a workload, "" for all, as the cause of a
// reason.
func (o Observation) warned(workload string) string {
	var texts []string
	for _, w := range o.Warnings {
		same := func(text string) bool { return strings.HasSuffix(text, ": "+w.Message) }
		if (workload == "" || w.Workload == workload) && len(texts) < maxWarnings && !slices.ContainsFunc(texts, same) {
			texts = append(texts, w.Object+": "+w.Message)
		}
	}
	return causeOf(strings.Join(texts, "; "))
}
