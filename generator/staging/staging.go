package staging

import (
	"reflect"
	"time"
)

// State is the desired state of a staging as a whole.
type State string

// The states of a record. A deleted staging has no state: its record does not exist.
const (
	Active   State = "active"
	Archived State = "archived" // no workload runs; volumes and databases are kept
	Deleting State = "deleting" // being torn down; the record is removed last
)

// Origin is where the image of a service comes from.
type Origin string

// The origins of an image.
const (
	FromBranch  Origin = "branch"  // built on the staging's branch
	FromDefault Origin = "default" // not built on this branch: the project's default image
	FromPinned  Origin = "pinned"  // chosen by a person
)

// Staging is the record of one environment for one branch: desired state only.
// It is stored as envs/<name>/staging.yaml.
type Staging struct {
	// RFC 1123 label: the directory's name, and the stem of namespace and hosts.
	Name string
	// Free text for people, for example "New login page".
	Title string

	Spec Spec
}

// Spec is the desired state of a staging.
type Spec struct {
	// Branch in the application's repositories, as in git.
	Branch string `yaml:"branch" json:"branch"`
	// State: active, archived or deleting.
	State State `yaml:"state" json:"state"`
	// Images of the services, by their name in octopod.yaml.
	Services map[string]Service `yaml:"services,omitempty" json:"services,omitempty"`
	// Settings of this staging that override the project's defaults.
	Overrides Overrides `yaml:"overrides,omitempty" json:"overrides,omitzero"`
	// Presets, applied in this order before the overrides above.
	Presets []string `yaml:"presets,omitempty" json:"presets,omitempty"`
	// Grants of values that need care, by setting.
	Granted map[string]Grant `yaml:"granted,omitempty" json:"granted,omitempty"`
	// The pull request of the branch, if there is one.
	PullRequest *PullRequest `yaml:"pullRequest,omitempty" json:"pullRequest,omitempty"`
	// Number of restarts. A change of the number recreates every pod.
	Restarts int `yaml:"restarts,omitempty" json:"restarts,omitempty"`
	// Time and author of the creation.
	Created Attribution `yaml:"created" json:"created"`
	// Time at which the sweep archives the staging; every deploy renews it. Absent: never.
	Expires *time.Time `yaml:"expires,omitempty" json:"expires,omitempty"`
	// Pin at the current version: Octopod rejects deploys until unpin.
	Pinned *Pin `yaml:"pinned,omitempty" json:"pinned,omitempty"`
	// Protection from the sweep.
	Kept *Protection `yaml:"kept,omitempty" json:"kept,omitempty"`
	// Test result. It belongs to the versions and settings below, and stays when the staging
	// changes.
	Tested *Test `yaml:"tested,omitempty" json:"tested,omitempty"`
	// Time and reason of the last change of the state. Absent: no change since the creation.
	Since *Transition `yaml:"since,omitempty" json:"since,omitempty"`
	// Time at which the sweep found the branch missing in all repositories.
	BranchGone *time.Time `yaml:"branchGone,omitempty" json:"branchGone,omitempty"`
	// Wanted data. Absent: generation 1 of the project's default seed.
	Database *Database `yaml:"database,omitempty" json:"database,omitempty"`
}

// DeploysSame reports whether two records deploy the same: they differ at most in
// fields for people and for the sweep, such as title, pin and expiry.
func (s Spec) DeploysSame(o Spec) bool { return reflect.DeepEqual(s.deployed(), o.deployed()) }

func (s Spec) deployed() Spec {
	d := Spec{Branch: s.Branch, State: s.State, Services: s.Services, Presets: s.Presets, Restarts: s.Restarts}
	// A list that is empty deploys the same as none.
	if len(s.Overrides.App) > 0 {
		d.Overrides.App = s.Overrides.App
	}
	if len(s.Overrides.Deployment) > 0 {
		d.Overrides.Deployment = s.Overrides.Deployment
	}
	for name, grant := range s.Granted { // for people: who, why and until when
		if d.Granted == nil {
			d.Granted = map[string]Grant{}
		}
		d.Granted[name] = Grant{Value: grant.Value}
	}
	if len(d.Services) == 0 {
		d.Services = nil
	}
	if len(d.Presets) == 0 {
		d.Presets = nil
	}
	if data := s.Data(); s.Database != nil { // for people: when, who and why
		d.Database = &Database{Generation: data.Number(), From: data.From, Template: data.Template, Snapshots: data.Snapshots}
	}
	return d
}

// Service is one service of a staging: its image and the origin of the image.
type Service struct {
	// Full image reference. CI passes the tag; Octopod never derives it from a name.
	Image string `yaml:"image" json:"image"`
	// Commit of the application's repository that the image was built from.
	Commit string `yaml:"commit,omitempty" json:"commit,omitempty"`
	// The application's repository, for example github.com/acme/backend.
	Repository string `yaml:"repository,omitempty" json:"repository,omitempty"`
	// Origin of the image: branch, default or pinned.
	From Origin `yaml:"from" json:"from"`
	// Branch of the build, if it is not the branch of the staging.
	Branch string `yaml:"branch,omitempty" json:"branch,omitempty"`
	// Time of the commit, so that an older build does not replace a newer one.
	Committed time.Time `yaml:"committed,omitempty" json:"committed,omitzero"`
	// The CI run that built the image, for the same purpose.
	Run Run `yaml:"run,omitempty" json:"run,omitzero"`
}

// Run is one run of a CI pipeline. The runs of one pipeline are numbered in the
// order in which they were triggered.
type Run struct {
	// Pipeline, for example github.com/acme/shop/.github/workflows/ci.yml.
	Pipeline string `yaml:"pipeline" json:"pipeline"`
	// Number of the run within the pipeline.
	Number int `yaml:"number" json:"number"`
}

// Overrides are values set on one staging. A null value means: absent, even if
// the project has a default.
type Overrides struct {
	// Settings of scope app: the application reads them.
	App Values `yaml:"app,omitempty" json:"app,omitempty"`
	// Settings of scope deployment: the template reads them.
	Deployment Values `yaml:"deployment,omitempty" json:"deployment,omitempty"`
}

// Values maps parameter names to string, int, bool or nil (absent).
type Values map[string]any

// IsZero reports whether there are no overrides, so that YAML and JSON omit them.
func (o Overrides) IsZero() bool { return len(o.App) == 0 && len(o.Deployment) == 0 }

// PullRequest is the pull request of a staging.
type PullRequest struct {
	Number int    `yaml:"number" json:"number"`
	URL    string `yaml:"url,omitempty" json:"url,omitempty"`
	Title  string `yaml:"title,omitempty" json:"title,omitempty"`
	Author string `yaml:"author,omitempty" json:"author,omitempty"`
}

// Attribution is the time of an action and the person or CI identity behind it.
type Attribution struct {
	At time.Time `yaml:"at" json:"at"`
	By string    `yaml:"by" json:"by"`
}

// Pin holds a staging at its version: who pinned it, when and why.
type Pin struct {
	By     string    `yaml:"by" json:"by"`
	Reason string    `yaml:"reason,omitempty" json:"reason,omitempty"`
	At     time.Time `yaml:"at" json:"at"`
}

// Protection keeps a staging from the sweep: who asked for it, why and for how long.
type Protection struct {
	// Author of the protection.
	By string `yaml:"by" json:"by"`
	// Reason of the protection.
	Reason string `yaml:"reason" json:"reason"`
	// Time of the protection.
	At time.Time `yaml:"at" json:"at"`
	// End of the protection. Absent: until unkeep.
	Until *time.Time `yaml:"until,omitempty" json:"until,omitempty"`
}

// Transition is the last change of the state of a staging.
type Transition struct {
	// Time of the change.
	At time.Time `yaml:"at" json:"at"`
	// Author of the change.
	By string `yaml:"by" json:"by"`
	// Reason of the change, if the author gave one.
	Reason string `yaml:"reason,omitempty" json:"reason,omitempty"`
	// Time at which the sweep restores the staging. Absent: it stays archived.
	Wakes *time.Time `yaml:"wakes,omitempty" json:"wakes,omitempty"`
}
