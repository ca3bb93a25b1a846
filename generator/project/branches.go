package project

// Branches defines which branches webhooks deploy. It does not restrict deploys from
// CI and by hand.
type Branches struct {
	// Event that creates and updates a staging: push (default), or pullRequest (closing the request
	// removes the staging).
	From BranchSource `yaml:"from,omitempty" json:"from,omitempty" jsonschema:"enum=push,enum=pullRequest"`
	// Branches that get a staging; * matches any text: feature/*. Absent: all.
	Include []string `yaml:"include,omitempty" json:"include,omitempty"`
	// Branches that get no staging, even if include has them.
	Exclude []string `yaml:"exclude,omitempty" json:"exclude,omitempty"`
	// Only pull requests with one of these labels.
	Labels []string `yaml:"labels,omitempty" json:"labels,omitempty"`
	// Also drafts of pull requests.
	Drafts bool `yaml:"drafts,omitempty" json:"drafts,omitempty"`
	// Also pushes and pull requests of bots.
	Bots bool `yaml:"bots,omitempty" json:"bots,omitempty"`
}

// BranchSource is the event that creates a staging.
type BranchSource string

// The branch sources.
const (
	FromPush        BranchSource = "push"
	FromPullRequest BranchSource = "pullRequest"
)

func (b Branches) check(c *problems) {
	if b.From != FromPush && b.From != FromPullRequest {
		c.add("spec.branches.from", "%q is not a branch source: write push or pullRequest", b.From)
	}
	c.rejectEmpty("spec.branches.include", b.Include)
	c.rejectEmpty("spec.branches.exclude", b.Exclude)
	c.rejectEmpty("spec.branches.labels", b.Labels)
	if b.From == FromPush && (len(b.Labels) > 0 || b.Drafts) {
		field := "spec.branches.drafts"
		if len(b.Labels) > 0 {
			field = "spec.branches.labels"
		}
		c.add(field, "applies to pull requests: add from: pullRequest")
	}
}
