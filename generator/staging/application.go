package staging

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// How long something may take before the reason says that it is late.
const (
	patienceToSee   = 30 * time.Second // Argo CD looks at a commit
	patienceToStart = 5 * time.Minute  // pods become ready
	patienceToGo    = 2 * time.Minute  // objects disappear
	graceForImages  = 20 * time.Second // Argo CD's list of live images follows the pods
	graceForRefusal = 15 * time.Second // a controller that has just started knows no AppProject yet
)

// Application is what Argo CD says of one staging, in Argo CD's own words.
type Application struct {
	Name         string
	Staging      string // name of the staging; "" for an Application that Octopod did not make
	UID          string
	Version      uint64       // grows with every change of any Application
	Created      time.Time    //
	DeletedAt    *time.Time   // when its removal began
	Finalizers   []string     //
	Revision     string       // of the env repo, that Argo CD compared the cluster with
	Sync         string       // Synced, OutOfSync, Unknown
	Health       string       // Healthy, Progressing, Degraded, Suspended, Missing, Unknown
	ReconciledAt time.Time    // when it last compared
	Deployments  []Deployment // the last syncs that succeeded, oldest first
	Operation    *Operation   // the running or the last sync; nil before the first
	Images       []string     // of live pods, sorted
	Conditions   []Condition
	Resources    []Resource
}

// Operation is a sync of Argo CD.
type Operation struct {
	Phase      string // Running, Terminating, Succeeded, Failed, Error
	Message    string
	Revision   string // that it applies
	Retries    int
	StartedAt  time.Time
	FinishedAt time.Time // zero while it runs
	Failures   []string  // one sentence for each object that could not be applied
}

// Condition is a fault that Argo CD reports beside sync and health.
type Condition struct {
	Type      string // ComparisonError, InvalidSpecError, SyncError, …
	Message   string
	Since     time.Time
	Transient bool // Argo CD's own parts could not reach each other: it says nothing of the staging
}

// Resource is one object that the staging consists of.
type Resource struct {
	Kind      string
	Namespace string
	Name      string
	Sync      string // "" where Argo CD does not say
	Health    string // "" for kinds without health
	Message   string
}

// String names a resource the way kubectl does: Deployment/backend.
func (r Resource) String() string { return r.Kind + "/" + r.Name }

// ClusterState is what Argo CD reports of one staging, in Argo CD's own words.
type ClusterState struct {
	Application Application `json:"application"`
	Pods        []Pod       `json:"pods"`
}

// Pod is one pod of a staging. Those of a replaced version, and those that
// are going, are none.
type Pod struct {
	Name     string
	Workload string // Deployment/backend
	Health   string // Healthy, Progressing, Degraded
	Status   string // Running, Completed, CrashLoopBackOff, ErrImagePull, …
	Message  string
	Images   []string
}

func (a *Application) leaving(now time.Time) string {
	left := count(len(a.Resources), "object")
	if waited := now.Sub(*a.DeletedAt); waited > patienceToGo {
		return "Stuck for " + span(waited) + ": " + left + " left"
	}
	return "Removing: " + left + " left"
}

func (a *Application) waitsFor() string {
	waits := slices.Clone(a.Finalizers)
	for _, r := range a.Resources {
		waits = append(waits, r.String())
	}
	return named("waits for", waits)
}

// parts counts the resources that have health.
func (a *Application) parts() string {
	ready := len(a.those(func(r Resource) bool { return r.Health == "Healthy" }))
	all := len(a.those(func(r Resource) bool { return r.Health != "" }))
	if all == 0 {
		return ""
	}
	return fmt.Sprintf(": %d of %d parts ready", ready, all)
}

func (a *Application) unhealthy() string {
	var texts []string
	for _, r := range a.Resources {
		if r.Health != "" && r.Health != "Healthy" {
			texts = append(texts, strings.TrimSuffix(r.String()+" "+r.Health+": "+r.Message, ": "))
		}
	}
	return strings.Join(texts, "; ")
}

func (a *Application) those(are func(Resource) bool) []string {
	var names []string
	for _, r := range a.Resources {
		if are(r) {
			names = append(names, r.String())
		}
	}
	return names
}

func ill(r Resource) bool { return r.Health == "Degraded" }

func (op Operation) faults() string {
	if len(op.Failures) > 0 {
		return strings.Join(op.Failures, "; ")
	}
	return op.Message
}

// complaint says for people what is wrong with a pod.
func (p Pod) complaint() string {
	part := p.Workload[strings.Index(p.Workload, "/")+1:]
	switch p.Status {
	case "CrashLoopBackOff", "Error", "OOMKilled":
		return part + " keeps crashing"
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName":
		return "The image " + strings.Join(p.Images, ", ") + " of " + part + " does not exist or cannot be read"
	case "CreateContainerConfigError":
		return part + " cannot start: something that it is configured with does not exist"
	}
	return part + " does not work"
}

func named(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return what + ": " + strings.Join(names, ", ")
}

func plural(names []string, one, many string) string {
	switch len(names) {
	case 0:
		return "Something " + one
	case 1:
		return names[0] + " " + one
	}
	return strings.Join(names, ", ") + " " + many
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// span is a duration for people: 40 s, 12 min, 3 h. Ten seconds are its
// smallest step, so that a reason that goes on is not news every second.
func span(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Truncate(10*time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
