package project

import (
	"cmp"
	"maps"
	"strings"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Apply returns the record after an action. Every change of a record goes through
// it, except a rollback, which restores an earlier record. current is nil if there is
// no record yet. The caller has set the name in the action (see NameFor).
func (p *Project) Apply(current *staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if err := a.CheckTexts(); err != nil {
		return staging.Staging{}, err
	}
	next, err := p.changed(current, a, at)
	if err == nil {
		err = p.settleGrants(current, &next, a, at)
	}
	return next, err
}

// changed returns the record after an action, before its grants are settled.
func (p *Project) changed(current *staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	switch a.Verb {
	case staging.Deploy, staging.Create, staging.Update:
		return p.deploy(current, a, at)
	}
	if current == nil {
		return staging.Staging{}, NotFound(a.Name)
	}
	next := current.Clone()
	switch a.Verb {
	case staging.Set, staging.Unset:
		return p.set(next, a)
	case staging.Archive:
		return archive(next, a, at)
	case staging.Restore:
		p.restore(&next, a, at)
	case staging.Restart:
		return restart(next)
	case staging.Delete:
		transition(&next, staging.Deleting, a, at)
	case staging.PinVerb:
		next.Spec.Pinned = &staging.Pin{By: at.By, Reason: a.Reason, At: at.At}
		if was := current.Spec.Pinned; was != nil && was.Reason == a.Reason {
			next.Spec.Pinned = was
		}
	case staging.Unpin:
		next.Spec.Pinned = nil
	case staging.Keep:
		return keep(next, a, at)
	case staging.Unkeep:
		next.Spec.Kept = nil
	case staging.Mark:
		return p.mark(next, a, at)
	case staging.Extend:
		p.renewExpiry(&next, at.At)
	case staging.ResetData, staging.SnapshotData, staging.RestoreData, staging.UndoData, staging.ForgetData:
		return p.changeData(next, a, at)
	case staging.Regenerate:
		if next.Spec.Pinned != nil {
			return staging.Staging{}, pinned(next)
		}
		p.fillServices(&next)
	default:
		return staging.Staging{}, staging.Errorf(staging.CodeInvalid, "%q does not change a record", a.Verb)
	}
	return next, nil
}

// set changes settings, and what the action says of the staging beside them.
func (p *Project) set(next staging.Staging, a staging.Action) (staging.Staging, error) {
	if a.PullRequest != nil {
		next.Spec.PullRequest = a.PullRequest
	}
	if a.Repository != "" {
		p.dropBuilds(&next, a.Repository)
	}
	if a.Unpins {
		next.Spec.Pinned = nil
	}
	return p.configure(next, a)
}

// NotFound returns the error for a missing staging. It suggests the most similar name
// among the existing ones.
func NotFound(name string, among ...string) error {
	err := staging.Errorf(staging.CodeNotFound, "there is no staging %q", name).
		WithTechnicalHint("`octopod get --all` lists all stagings; `octopod history %s` shows whether it was deleted", name)
	if near := closestName(name, among); near != "" {
		return err.Suggesting(near)
	}
	return err
}

// closestName returns the only name that contains the given one, as feature-login
// contains login and feature/Login, or that the given branch ends in. Otherwise it
// returns the name with the most similar spelling.
func closestName(name string, among []string) string {
	var matches []string
	slug := strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(name)), "-")
	for _, other := range among {
		if slug != "" && (strings.Contains(other, slug) || strings.HasSuffix(slug, "-"+other)) {
			matches = append(matches, other)
		}
	}
	if len(matches) == 1 {
		return matches[0]
	}
	return strictyaml.Closest(name, among)
}

func (p *Project) deploy(current *staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	if err := deployable(current, a); err != nil {
		return staging.Staging{}, err
	}
	next := staging.Staging{Name: a.Name, Spec: staging.Spec{Created: at}}
	if current != nil {
		next = current.Clone()
	}
	if a.Branch != "" && !a.Join {
		next.Spec.Branch = a.Branch
	}
	if current != nil {
		p.restore(&next, staging.Action{}, at)
	}
	next.Spec.State = staging.Active
	if a.Unpins {
		next.Spec.Pinned = nil
	}
	if a.PullRequest != nil && !joins(a, next) {
		next.Spec.PullRequest = a.PullRequest
	}
	if err := p.build(&next, a); err != nil {
		return staging.Staging{}, err
	}
	if current == nil {
		next.Spec.Presets = p.PresetsFor(next)
	}
	p.fillServices(&next)
	p.renewExpiry(&next, at.At)
	if err := p.deployData(current, &next, a, at); err != nil {
		return staging.Staging{}, err
	}
	return p.configure(next, a)
}

// deployable rejects a deploy that would take a staging away from its branch, or that
// a pin or a deletion forbids.
func deployable(current *staging.Staging, a staging.Action) error {
	switch {
	case current == nil && a.Verb == staging.Update:
		return NotFound(a.Name)
	case current == nil && a.Join:
		return staging.Errorf(staging.CodeNotFound, "there is no staging %q to join", a.Name).
			WithHint("deploy the branch of that staging first")
	case current == nil && a.Branch == "":
		return staging.Errorf(staging.CodeInvalid, "there is no staging %q, and no branch is given to create it", a.Name).
			WithTechnicalHint("pass --branch; `octopod get --all` lists all stagings")
	case current == nil:
		return nil
	case a.Verb == staging.Create:
		return staging.Errorf(staging.CodeExists, "staging %q already exists, for branch %s", a.Name, current.Spec.Branch).OfBranch(current.Spec.Branch).
			WithTechnicalHint("`octopod update %s …` changes it, and `octopod deploy` creates or updates", a.Name)
	case a.Branch != "" && a.Branch != current.Spec.Branch && !a.Join:
		return staging.Errorf(staging.CodeExists, "staging %q belongs to branch %s, not to %s", a.Name, current.Spec.Branch, a.Branch).OfBranch(current.Spec.Branch).
			WithHint("omit the name, and Octopod derives one from the branch; or choose another name")
	case current.Spec.State == staging.Deleting:
		return staging.Errorf(staging.CodeConflict, "staging %q is being deleted", a.Name).
			WithTechnicalHint("wait for the deletion, then deploy again; `octopod restore %s` cancels the deletion", a.Name)
	case current.Spec.Pinned != nil && !a.Unpins:
		return pinned(*current)
	}
	return nil
}

func pinned(s staging.Staging) error {
	reason := s.Spec.Pinned.Reason
	if reason == "" {
		reason = "no reason given"
	}
	return staging.Errorf(staging.CodePinned, "staging %q is pinned by %s since %s: %s", s.Name,
		s.Spec.Pinned.By, s.Spec.Pinned.At.UTC().Format(time.DateOnly), reason).
		WithTechnicalHint("`octopod unpin %s` allows deploys again", s.Name)
}

// joins reports whether a deploy adds builds of another branch.
func joins(a staging.Action, s staging.Staging) bool { return a.Join && a.Branch != s.Spec.Branch }

// build sets the services that CI built. The same build keeps its record: otherwise
// one pipeline for the push and one for the pull request would make two commits.
func (p *Project) build(s *staging.Staging, a staging.Action) error {
	services := maps.Clone(s.Spec.Services)
	if services == nil {
		services = map[string]staging.Service{}
	}
	c := problems{}
	for _, name := range sortedKeys(a.Images) {
		declared, ok := p.Spec.Services[name]
		if !ok {
			c.add("--service "+name, "the project has no service %q%s", name, listChoices(p.ServiceNames()))
			continue
		}
		made := a.Images[name]
		c.addError("--image", CheckImage(made.Image))
		if other := p.imageOfAnother(name, made.Image); other != "" {
			c.add("--service "+name, "%s is an image of service %s: did you mean --service %s?", made.Image, other, other)
		} else {
			p.checkAllowed(&c, name, made.Image)
		}
		next := staging.Service{
			Image: made.Image, Commit: made.Commit, Repository: giturl.Redact(cmp.Or(made.Repository, declared.Repository)), From: staging.FromBranch,
		}
		if joins(a, *s) {
			next.Branch = a.Branch
		}
		was := services[name]
		was.Committed, was.Run = time.Time{}, staging.Run{}
		if next != was {
			next.Committed, next.Run = made.Committed, made.Run
			services[name] = next
		}
	}
	s.Spec.Services = services
	return staging.Invalid("the deploy does not fit the project", c)
}

// WithDeclaredServices returns the record with the services that the project declares:
// new ones get their default image, and removed ones go. Images of the record stay, also
// earlier default images.
func (p *Project) WithDeclaredServices(s staging.Staging) staging.Staging {
	next := s.Clone()
	p.fillServices(&next)
	for name, service := range s.Spec.Services {
		if _, declared := next.Spec.Services[name]; declared {
			next.Spec.Services[name] = service
		}
	}
	return next
}

// fillServices adapts the services to the project: services without a build of the
// branch get the default image, and services that the project no longer has are removed.
func (p *Project) fillServices(s *staging.Staging) {
	services := map[string]staging.Service{}
	for name, declared := range p.Spec.Services {
		service, ok := s.Spec.Services[name]
		if (!ok || service.From == staging.FromDefault && !p.pins(declared.Image, service.Image)) && declared.Image != "" {
			service = staging.Service{Image: declared.Image, Repository: giturl.Redact(declared.Repository), From: staging.FromDefault}
			ok = true
		}
		if ok {
			services[name] = service
		}
	}
	s.Spec.Services = services
}

// BuiltElsewhere lists the services that other repositories have built from the
// branch of a staging.
func BuiltElsewhere(s staging.Staging, repository string) []string {
	var others []string
	for _, name := range sortedKeys(s.Spec.Services) {
		if service := s.Spec.Services[name]; builtOnBranch(service) && !giturl.SameRepository(service.Repository, repository) {
			others = append(others, name)
		}
	}
	return others
}

func builtOnBranch(s staging.Service) bool { return s.From == staging.FromBranch && s.Branch == "" }

// dropBuilds resets the services of a repository to their default images, if they have any.
func (p *Project) dropBuilds(s *staging.Staging, repository string) {
	services := maps.Clone(s.Spec.Services)
	for name, service := range services {
		if builtOnBranch(service) && giturl.SameRepository(service.Repository, repository) && p.Spec.Services[name].Image != "" {
			delete(services, name)
		}
	}
	s.Spec.Services = services
	p.fillServices(s)
}
