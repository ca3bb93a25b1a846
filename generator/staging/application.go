package staging

import (
	"strings"
	"time"
)

// How long a step may take before the reason says that it is late.
const (
	patienceToSee   = 30 * time.Second // Argo CD sees a commit
	patienceToApply = 2 * time.Minute  // a sync ends
	patienceToStart = 5 * time.Minute  // pods become ready
	patienceToGo    = 2 * time.Minute  // objects disappear
	graceToGo       = 5 * time.Second  // a deletion that ends sooner needs no details
	graceForEvents  = 15 * time.Second // pods that start sooner need no explanation

	patienceToBeReady = 10 * time.Minute // the deadline that Kubernetes gives a Deployment by default
	graceForImages    = 20 * time.Second // Argo CD's list of live images lags behind the pods
	graceForRefusal   = 15 * time.Second // a controller that has just started does not know the AppProject yet
)

// Application is the Argo CD Application of one staging.
type Application struct {
	Name         string
	Staging      string // name of the staging; "" for an Application that is not Octopod's
	UID          string
	Version      uint64 // increases with every change of any Application
	Created      time.Time
	DeletedAt    *time.Time // when the deletion began
	Finalizers   []string
	Revision     string       // of the env repo, in the last comparison with the cluster
	Sync         string       // Synced, OutOfSync, Unknown
	Health       string       // Healthy, Progressing, Degraded, Suspended, Missing, Unknown
	ReconciledAt time.Time    // time of the last comparison
	Deployments  []Deployment // the last successful syncs, oldest first
	Operation    *Operation   // the running or last sync; nil before the first
	Images       []string     // of live pods, sorted
	Conditions   []Condition
	ManualSync   bool // automated sync is off
	Resources    []Resource
}

// Operation is a sync by Argo CD.
type Operation struct {
	Phase      string // Running, Terminating, Succeeded, Failed, Error
	Message    string
	Revision   string // of the env repo
	Retries    int
	StartedAt  time.Time
	FinishedAt time.Time // zero while it runs
	Failures   []string  // one for each object that could not be applied
	Earlier    []string  // failures of the attempt before this one
	Waits      []string  // hooks and objects that the sync waits for
	// Whether only hooks after the sync failed, so that everything was applied.
	CheckFailed bool
	// Whether the namespace is missing or being deleted, although an object of it was applied.
	NamespaceGone bool
	Transient     bool // Argo CD could not read the env repo: the staging is not at fault
}

// Condition is an error that Argo CD reports in addition to sync and health.
type Condition struct {
	Type      string // ComparisonError, InvalidSpecError, SyncError, …
	Message   string
	Since     time.Time
	Transient bool // Argo CD could not read the env repo: the staging itself is not at fault
}

// Resource is one object of a staging.
type Resource struct {
	Kind      string
	Namespace string
	Name      string
	Sync      string // "" where Argo CD reports none
	Health    string // "" for kinds without health
	Message   string
}

// String returns the name of a resource as in kubectl: Deployment/backend.
func (r Resource) String() string { return r.Kind + "/" + r.Name }

// SyncBlock reports whether a sync window of Argo CD forbids to sync.
type SyncBlock struct {
	Blocked bool
	Until   time.Time // zero if unknown
}

// ClusterState is the state of one staging as Argo CD reports it.
type ClusterState struct {
	Application Application `json:"application"`
	Pods        []Pod       `json:"pods"`
}

// Pod is one pod of the current version of a staging. Terminating pods do not count.
type Pod struct {
	Name     string
	Workload string // Deployment/backend
	Health   string // Healthy, Progressing, Degraded
	Status   string // Running, Completed, CrashLoopBackOff, ErrImagePull, …
	Message  string
	Images   []string
	Earlier  int // ready pods of the earlier version of its Deployment, which still serve
}

// ready counts the healthy resources, and all resources with a health.
func (a *Application) ready() (healthy, total int) {
	for _, r := range a.Resources {
		if r.Health == "Healthy" {
			healthy++
		}
		if r.Health != "" {
			total++
		}
	}
	return healthy, total
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

// suspendsOnlyJobs reports whether every suspended resource is a Job that its template
// suspends on purpose, so that somebody starts it by hand. Octopod suspends no Job.
func (a *Application) suspendsOnlyJobs() bool {
	jobs := 0
	for _, r := range a.Resources {
		switch {
		case r.Health != "Suspended":
		case r.Kind != "Job" && r.Kind != "CronJob":
			return false
		default:
			jobs++
		}
	}
	return jobs > 0
}

// names lists the resources that match.
func (a *Application) names(match func(Resource) bool) []string {
	var names []string
	for _, r := range a.Resources {
		if match(r) {
			names = append(names, r.String())
		}
	}
	return names
}

func (op Operation) failures() string {
	for _, failures := range [][]string{op.Failures, op.Earlier} {
		if len(failures) > 0 {
			return strings.Join(failures, "; ")
		}
	}
	return op.Message
}

// failure is the reason why a degraded pod does not run.
func (p Pod) failure() Reason {
	r := Reason{Code: ReasonUnhealthy, Parts: Names(p.Workload[strings.Index(p.Workload, "/")+1:])}
	switch p.Status {
	case "CrashLoopBackOff", "Error", "OOMKilled":
		r.Code = ReasonCrash
	case "ErrImagePull", "ImagePullBackOff", "InvalidImageName":
		r.Code, r.Images = ReasonImageMissing, NamesOf(p.Images...)
	case "CreateContainerConfigError":
		r.Code = ReasonConfigMissing
	}
	return r
}

// labelled formats names after a label: waits for: Deployment/backend, Service/backend.
func labelled(label string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return label + ": " + strings.Join(names, ", ")
}
