package project

import (
	"fmt"
	"slices"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// UnknownSinks lists the rules whose sink is missing on a server with these sinks. data
// is octopod.yaml, for the lines of the rules.
func (p *Project) UnknownSinks(data []byte, sinks []string) []staging.Problem {
	c := problems{}
	for i, n := range p.Spec.Notify {
		if !n.ToForge() && !slices.Contains(sinks, n.To) {
			c.add(fmt.Sprintf("spec.notify[%d].to", i), "this server has no sink %q%s", n.To, suggest(n.To, sinks))
		}
	}
	return withPositions(c, strictyaml.Lines(data))
}

// SinksFor lists the sinks that a trigger notifies, without duplicates.
func (p *Project) SinksFor(staging string, on Trigger) []string {
	var sinks []string
	for _, n := range p.Spec.Notify {
		wanted := len(n.On) == 0 || slices.Contains(n.On, on)
		if !n.ToForge() && wanted && n.Matches(staging) && !slices.Contains(sinks, n.To) {
			sinks = append(sinks, n.To)
		}
	}
	return sinks
}

// NotifiesForge reports whether a rule sends notifications about a staging to a receiver on the forge.
func (p *Project) NotifiesForge(staging, to string) bool {
	return slices.ContainsFunc(p.Spec.Notify, func(n NotificationRule) bool { return n.ToForge() && n.To == to && n.Matches(staging) })
}
