package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

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

// Candidate describes a branch that may get a staging, as its forge reports it.
type Candidate struct {
	Branch string
	Bot    bool   // the author is a bot
	Pull   bool   // the event belongs to a pull request, with:
	Fork   string // its repository, if it is a fork
	Draft  bool
	Labels []string
}

// SkipReason returns why webhooks do not deploy a branch; "" if they do.
func (p *Project) SkipReason(c Candidate) string {
	rules, byPull := p.Spec.Branches, p.Spec.Branches.From == FromPullRequest
	switch {
	case c.Fork != "":
		return fmt.Sprintf("it comes from the fork %s, and a staging has the project's secrets: to approve it, review the commit and push exactly this commit to a branch of your own repository", c.Fork)
	case len(rules.Include) > 0 && !matches(rules.Include, c.Branch):
		return "spec.branches.include does not match it"
	case matches(rules.Exclude, c.Branch):
		return "spec.branches.exclude matches it"
	case c.Bot && !rules.Bots:
		return "its author is a bot, and spec.branches.bots is off"
	case byPull && !c.Pull && !p.isDefaultBranch(c.Branch):
		return "only pull requests create stagings (spec.branches.from)"
	case c.Pull && !byPull:
		return "only pushes create stagings (spec.branches.from)"
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

// ImageOf returns the image that CI builds of a commit; "" if the project does not
// define it, or for an abbreviated commit.
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
		c.add("spec.branches.from", "%q is not a branch source: write push or pullRequest", b.From)
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
		c.add(field, "applies to pull requests: add from: pullRequest")
	}
}

// checkBuild: the image must depend on the commit alone, so that its name is known
// before CI has built it.
func (s Service) checkBuild(c *problems, field string) {
	if s.Build == "" {
		return
	}
	const sample = "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"
	image := s.ImageOf(sample)
	switch {
	case s.Repository == "":
		c.add(field+".build", "requires repository: a push names its repository")
	case strings.ContainsAny(image, "{}"):
		c.add(field+".build", "%q has an unknown placeholder: use {commit} or {shortCommit}", s.Build)
	case !strings.Contains(image, sample[:7]):
		c.add(field+".build", "%q is the same for every commit: write registry.example.com/shop/backend:{commit}", s.Build)
	default:
		c.addError(field+".build", CheckImage(image))
	}
}

// DecideClosedPullRequest decides on a staging whose pull request in one repository
// was closed, or no longer gets a staging. The staging stays if it is protected from the sweep,
// and if another repository has the branch or cannot be reached.
func (p *Project) DecideClosedPullRequest(r staging.Staging, repository, why string, in SweepInput) Decision {
	s := p.newSweep(in)
	if d := s.protected(r); d.Step != "" {
		return d
	}
	for _, other := range s.repos {
		switch names := s.branches[other]; {
		case other == repository:
		case names[r.Spec.Branch]:
			return keptBecause("%s still has the branch", other)
		case len(names) == 0:
			return keptBecause("cannot list the branches of %s", other)
		}
	}
	if r.Spec.State != staging.Active {
		return keptBecause("it is %s", r.Spec.State)
	}
	return Decision{Step: StepArchive, Reason: why}
}

// DecideDeletedBranch decides on a staging whose branch was just deleted from a
// repository (SweepInput.Deleted). The decision is that of the sweep, but at once;
// only the deletion is left to the sweep.
func (p *Project) DecideDeletedBranch(r staging.Staging, in SweepInput) Decision {
	s := p.newSweep(in)
	for _, rule := range []func(*sweep, staging.Staging) Decision{(*sweep).tornDown, (*sweep).protected, (*sweep).branchGone} {
		switch d := rule(s, r); d.Step {
		case "":
		case StepDelete:
			return keptBecause("the sweep will delete it")
		default:
			return d
		}
	}
	for _, repository := range s.repos {
		switch names := s.branches[repository]; {
		case !hasBuild(r):
			return keptBecause("none of its services was built from a commit of the branch")
		case names[r.Spec.Branch]:
			return keptBecause("%s has the branch", repository)
		case len(names) == 0 && repository != in.Deleted.Repository:
			return keptBecause("cannot list the branches of %s", repository)
		}
	}
	return keptBecause("the project has no repository")
}
