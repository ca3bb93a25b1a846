package project

import (
	"fmt"
	"slices"
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

// matches reports whether any pattern matches a name.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return Glob(pattern, name) })
}

func (p *Project) isDefaultBranch(branch string) bool {
	for _, service := range p.Spec.Services {
		if service.DefaultBranch == branch {
			return true
		}
	}
	return false
}
