package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// Branches says which branches get a staging by themselves, when a webhook tells
// of them. What CI and people deploy is theirs to choose.
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

// BranchSource is what makes a staging.
type BranchSource string

// What may make one.
const (
	FromPush        BranchSource = "push"
	FromPullRequest BranchSource = "pullRequest"
)

// Candidate is what a forge says of a branch that may get a staging.
type Candidate struct {
	Branch string
	Bot    bool   // no person did it
	Pull   bool   // it is about a pull request, of which:
	Fork   string // the repository it comes from, when that is not ours
	Draft  bool
	Labels []string
}

// SkipReason says why a branch gets no staging by itself; "" when it gets one.
func (p *Project) SkipReason(c Candidate) string {
	rules, byPull := p.Spec.Branches, p.Spec.Branches.From == FromPullRequest
	switch {
	case c.Fork != "":
		return fmt.Sprintf("it comes from the fork %s, and a staging has the project's secrets: to approve it, read the commit and push exactly that to a branch of your own", c.Fork)
	case len(rules.Include) > 0 && !matches(rules.Include, c.Branch):
		return "spec.branches.include does not name it"
	case matches(rules.Exclude, c.Branch):
		return "spec.branches.exclude names it"
	case c.Bot && !rules.Bots:
		return "a bot did it, and spec.branches.bots is off"
	case byPull && !c.Pull && !p.isDefaultBranch(c.Branch):
		return "pull requests make stagings, and this is none (spec.branches.from)"
	case c.Pull && !byPull:
		return "pushes make stagings, and this is none (spec.branches.from)"
	case c.Pull && c.Draft && !rules.Drafts:
		return "it is a draft, and spec.branches.drafts is off"
	case c.Pull && len(rules.Labels) > 0 && !slices.ContainsFunc(c.Labels, func(l string) bool { return slices.Contains(rules.Labels, l) }):
		return "it has none of the labels of spec.branches.labels"
	}
	return ""
}

func matches(patterns []string, branch string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return Glob(pattern, branch) })
}

func (p *Project) isDefaultBranch(branch string) bool {
	for _, service := range p.Spec.Services {
		if service.DefaultBranch == branch {
			return true
		}
	}
	return false
}

// ImageOf names the image that CI builds of a commit; "" where the project does
// not say. A shortened commit names none.
func (s Service) ImageOf(commit string) string {
	const full = 40 // digits; of SHA-256 there are 64
	if s.Build == "" || len(commit) < full {
		return ""
	}
	return strings.NewReplacer("{commit}", commit, "{shortCommit}", commit[:7]).Replace(s.Build)
}

func (p *Project) checkBranches(c *problems) {
	b := p.Spec.Branches
	if b.From != FromPush && b.From != FromPullRequest {
		c.add("spec.branches.from", "%q makes no staging: write push or pullRequest", b.From)
	}
	for field, patterns := range map[string][]string{"include": b.Include, "exclude": b.Exclude, "labels": b.Labels} {
		for i, pattern := range patterns {
			if strings.TrimSpace(pattern) == "" {
				c.add(fmt.Sprintf("spec.branches.%s[%d]", field, i), "is empty")
			}
		}
	}
	if b.From == FromPush && (len(b.Labels) > 0 || b.Drafts) {
		field := "spec.branches.drafts"
		if len(b.Labels) > 0 {
			field = "spec.branches.labels"
		}
		c.add(field, "is about pull requests: write from: pullRequest, too")
	}
}

// checkBuild: the tag of an image follows from the commit and nothing else, so
// that it is known before the image is there.
func (s Service) checkBuild(c *problems, field string) {
	if s.Build == "" {
		return
	}
	const sample = "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"
	image := s.ImageOf(sample)
	switch {
	case s.Repository == "":
		c.add(field+".build", "needs repository: a push is told by it")
	case strings.ContainsAny(image, "{}"):
		c.add(field+".build", "%q has a placeholder that there is not: {commit} and {shortCommit} are", s.Build)
	case !strings.Contains(image, sample[:7]):
		c.add(field+".build", "%q is the same for every commit: write registry.example.com/shop/backend:{commit}", s.Build)
	default:
		c.addError(field+".build", CheckImage(image))
	}
}

// DecideClosedPullRequest decides on a staging whose pull request was closed, or is no longer one
// that gets a staging, in one repository. It stays where the sweep would leave it
// alone, and where another repository has the branch or cannot be asked.
func (p *Project) DecideClosedPullRequest(r staging.Staging, repository, why string, around SweepInput) Decision {
	s := p.newSweep(around)
	if d := s.protected(r); d.Step != "" {
		return d
	}
	for _, other := range s.repos {
		switch names := s.branches[other]; {
		case other == repository:
		case names[r.Spec.Branch]:
			return keptBecause("%s has the branch still", other)
		case len(names) == 0:
			return keptBecause("%s cannot be asked whether it has the branch", other)
		}
	}
	if r.Spec.State != staging.Active {
		return keptBecause("it is %s", r.Spec.State)
	}
	return Decision{Step: StepArchive, Reason: why}
}

// DecideDeletedBranch decides on a staging whose branch a repository has just lost
// (SweepInput.Deleted): what the sweep would do, at once. Deleting is left to the sweep.
func (p *Project) DecideDeletedBranch(r staging.Staging, around SweepInput) Decision {
	s := p.newSweep(around)
	for _, rule := range []func(*sweep, staging.Staging) Decision{(*sweep).tornDown, (*sweep).protected, (*sweep).branchGone} {
		switch d := rule(s, r); d.Step {
		case "":
		case StepDelete:
			return keptBecause("the sweep deletes it")
		default:
			return d
		}
	}
	for _, repository := range s.repos {
		switch names := s.branches[repository]; {
		case !built(r):
			return keptBecause("nothing in it was built from a commit of the branch")
		case names[r.Spec.Branch]:
			return keptBecause("%s has the branch", repository)
		case len(names) == 0 && repository != around.Deleted.Repository:
			return keptBecause("%s cannot be asked whether it has the branch", repository)
		}
	}
	return keptBecause("the project names no repository")
}
