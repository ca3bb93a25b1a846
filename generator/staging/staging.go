package staging

import (
	"reflect"
	"time"
)

// State is what a person wants of a staging as a whole.
type State string

// The states of a record. There is no state for "gone": then the record is gone.
const (
	Active   State = "active"
	Archived State = "archived" // no workload runs; volumes and databases are kept
	Deleting State = "deleting" // being torn down; the record goes last
)

// Origin says where a service's image comes from.
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

// Spec is what is wanted of a staging.
type Spec struct {
	// Branch of the application's repositories, as git knows it.
	Branch string `yaml:"branch" json:"branch"`
	// active, archived or deleting.
	State State `yaml:"state" json:"state"`
	// What runs, by the service's name in octopod.yaml.
	Services map[string]Service `yaml:"services,omitempty" json:"services,omitempty"`
	// Values that differ from the project's defaults.
	Overrides Overrides `yaml:"overrides,omitempty" json:"overrides,omitzero"`
	// Named sets of overrides, applied in this order before the overrides above.
	Presets []string `yaml:"presets,omitempty" json:"presets,omitempty"`
	// The pull request of the branch, when there is one.
	PullRequest *PullRequest `yaml:"pullRequest,omitempty" json:"pullRequest,omitempty"`
	// How often somebody had it restarted. A change of it makes every pod anew.
	Restarts int `yaml:"restarts,omitempty" json:"restarts,omitempty"`
	// When and by whom the staging was made.
	Created Attribution `yaml:"created" json:"created"`
	// When the sweep archives it; renewed by every deploy. Absent means never.
	Expires *time.Time `yaml:"expires,omitempty" json:"expires,omitempty"`
	// Held at its version: updates by CI are refused until it is unpinned.
	Pinned *Pin `yaml:"pinned,omitempty" json:"pinned,omitempty"`
	// Left alone by the sweep.
	Kept *Protection `yaml:"kept,omitempty" json:"kept,omitempty"`
	// What somebody found who tried it. It says of which versions and settings, and stays when these change.
	Tested *Test `yaml:"tested,omitempty" json:"tested,omitempty"`
	// When and why it came to its state. Absent: it is as it was created.
	Since *Transition `yaml:"since,omitempty" json:"since,omitempty"`
	// Since when the sweep finds its branch in no repository.
	BranchGone *time.Time `yaml:"branchGone,omitempty" json:"branchGone,omitempty"`
}

// DeploysSame tells whether two records ask for the same in the cluster: they
// differ at most in what is noted for people and for the sweep.
func (s Spec) DeploysSame(o Spec) bool { return reflect.DeepEqual(s.deployed(), o.deployed()) }

func (s Spec) deployed() Spec {
	return Spec{Branch: s.Branch, State: s.State, Services: s.Services, Overrides: s.Overrides, Presets: s.Presets, Restarts: s.Restarts}
}

// Service is one deployable part as this staging runs it.
type Service struct {
	// Full image reference. A tag is given by CI, never derived from a name.
	Image string `yaml:"image" json:"image"`
	// Commit of the application's repository that the image was built from.
	Commit string `yaml:"commit,omitempty" json:"commit,omitempty"`
	// The application's repository, for example github.com/acme/backend.
	Repository string `yaml:"repository,omitempty" json:"repository,omitempty"`
	// branch, default or pinned.
	From Origin `yaml:"from" json:"from"`
	// Branch it was built on, where that is not the staging's.
	Branch string `yaml:"branch,omitempty" json:"branch,omitempty"`
	// When the commit was made, so that an older build does not replace a newer one.
	Committed time.Time `yaml:"committed,omitempty" json:"committed,omitzero"`
	// The CI run that built the image, for the same purpose.
	Run Run `yaml:"run,omitempty" json:"run,omitzero"`
}

// Run is one run of a CI pipeline. The runs of one pipeline are numbered in the
// order in which they were triggered.
type Run struct {
	// Names the pipeline, for example github.com/acme/shop/.github/workflows/ci.yml.
	Pipeline string `yaml:"pipeline" json:"pipeline"`
	// Its number within the pipeline.
	Number int `yaml:"number" json:"number"`
}

// Overrides are values set on one staging. A null value means: absent, even if
// the project has a default.
type Overrides struct {
	// What the application reads.
	App Values `yaml:"app,omitempty" json:"app,omitempty"`
	// How it is deployed.
	Deployment Values `yaml:"deployment,omitempty" json:"deployment,omitempty"`
}

// Values maps parameter names to string, int, bool or nil (absent).
type Values map[string]any

// IsZero lets an empty set stay out of YAML and JSON.
func (o Overrides) IsZero() bool { return len(o.App) == 0 && len(o.Deployment) == 0 }

// PullRequest names the request that a staging belongs to.
type PullRequest struct {
	Number int    `yaml:"number" json:"number"`
	URL    string `yaml:"url,omitempty" json:"url,omitempty"`
	Title  string `yaml:"title,omitempty" json:"title,omitempty"`
	Author string `yaml:"author,omitempty" json:"author,omitempty"`
}

// Attribution is a moment and the person or CI identity that acted.
type Attribution struct {
	At time.Time `yaml:"at" json:"at"`
	By string    `yaml:"by" json:"by"`
}

// Pin says who holds a staging and why.
type Pin struct {
	By     string    `yaml:"by" json:"by"`
	Reason string    `yaml:"reason,omitempty" json:"reason,omitempty"`
	At     time.Time `yaml:"at" json:"at"`
}

// Protection says who keeps a staging from the sweep, why and for how long.
type Protection struct {
	// Who keeps it.
	By string `yaml:"by" json:"by"`
	// Why, for whoever wonders whether it may go.
	Reason string `yaml:"reason" json:"reason"`
	// Since when.
	At time.Time `yaml:"at" json:"at"`
	// Until when. Absent: until somebody lets go of it.
	Until *time.Time `yaml:"until,omitempty" json:"until,omitempty"`
}

// Transition is the moment at which a staging came to its state.
type Transition struct {
	// When.
	At time.Time `yaml:"at" json:"at"`
	// Who or what brought it there.
	By string `yaml:"by" json:"by"`
	// Why, where somebody said so.
	Reason string `yaml:"reason,omitempty" json:"reason,omitempty"`
	// When the sweep wakes it again. Absent: it stays archived.
	Wakes *time.Time `yaml:"wakes,omitempty" json:"wakes,omitempty"`
}
