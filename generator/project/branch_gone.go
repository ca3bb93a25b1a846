package project

import "octopod/generator/staging"

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
