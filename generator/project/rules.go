package project

import (
	"fmt"
	"slices"

	"octopod/generator/staging"
)

// matches reports whether a rule is for a staging.
func (r Rule) matches(p *Project, s staging.Staging) bool {
	author := authorOf(s)
	return (len(r.Branches) == 0 || matches(r.Branches, s.Spec.Branch)) &&
		(len(r.Authors) == 0 || matches(r.Authors, author)) &&
		(len(r.Teams) == 0 || slices.Contains(r.Teams, p.Spec.Cost.OwnerOf(s.Spec.Branch, author)))
}

// ruleFor returns the first rule for a staging that has a field.
func (p *Project) ruleFor(s staging.Staging, has func(Rule) bool) Rule {
	for _, r := range p.Spec.Rules {
		if has(r) && r.matches(p, s) {
			return r
		}
	}
	return Rule{}
}

// TTL returns the time to live of a staging; 0 for no end.
func (p *Project) TTL(s staging.Staging) Duration {
	if r := p.ruleFor(s, func(r Rule) bool { return r.TTL > 0 }); r.TTL > 0 {
		return r.TTL
	}
	return p.Spec.Lifecycle.TTL
}

// sleepOf returns the schedule on which a staging sleeps.
func (p *Project) sleepOf(s staging.Staging) Sleep {
	switch r := p.ruleFor(s, Rule.hasSleep); {
	case r.Awake:
		return Sleep{}
	case r.hasSleep():
		return r.Sleep
	}
	return p.Spec.Lifecycle.Sleep
}

// PresetsFor returns the presets of a new staging.
func (p *Project) PresetsFor(s staging.Staging) []string {
	return slices.Clone(p.ruleFor(s, func(r Rule) bool { return len(r.Presets) > 0 }).Presets)
}

func (p *Project) checkRules(c *problems) {
	for i, r := range p.Spec.Rules {
		field := fmt.Sprintf("spec.rules[%d]", i)
		c.rejectEmpty(field+".branches", r.Branches)
		c.rejectEmpty(field+".authors", r.Authors)
		c.rejectEmpty(field+".teams", r.Teams)
		if r.TTL == 0 && !r.hasSleep() && len(r.Presets) == 0 {
			c.add(field, "has no effect: add ttl, sleep, awake or presets")
		}
		if r.Awake && r.Sleep != (Sleep{}) {
			c.add(field+".awake", "contradicts sleep: remove one of them")
		}
		c.addError(field+".sleep", r.Sleep.check())
		p.checkRuleNames(c, field, r)
	}
}

// checkRuleNames rejects teams and presets that the project does not have.
func (p *Project) checkRuleNames(c *problems, field string, r Rule) {
	var teams []string
	for _, team := range p.Spec.Cost.Teams {
		teams = append(teams, team.Name)
	}
	for i, team := range r.Teams {
		if team != "" && !slices.Contains(teams, team) {
			c.add(fmt.Sprintf("%s.teams[%d]", field, i), "spec.cost.teams has no team %q%s", team, suggest(team, teams))
		}
	}
	for i, preset := range r.Presets {
		if _, ok := p.Spec.Presets[preset]; !ok {
			c.add(fmt.Sprintf("%s.presets[%d]", field, i), "the project has no preset %q%s", preset, suggest(preset, sortedKeys(p.Spec.Presets)))
		}
	}
}
