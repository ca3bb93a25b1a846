package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// NotificationRule sends notifications about stagings to a receiver. It contains no
// address and no secret: the configuration of the server has them.
type NotificationRule struct {
	// Receiver: a sink of the server by its name (a chat channel, a mail list, a webhook), or on
	// the forge of the application: pull-request (one comment, updated with each change), commit (a
	// commit status) or deployment.
	To string `yaml:"to" json:"to"`
	// Events: running, failed, degraded (a part does not work), archived, deleted, warning
	// (archived or deleted soon). Default all. Only for sinks; a forge gets all events.
	On []Trigger `yaml:"on,omitempty" json:"on,omitempty" jsonschema:"enum=running,enum=failed,enum=degraded,enum=archived,enum=deleted,enum=warning"`
	// Names of stagings; * matches any text: feature-*. Default all.
	Stagings []string `yaml:"stagings,omitempty" json:"stagings,omitempty"`
}

// Trigger is an event that sends a notification.
type Trigger string

// The triggers.
const (
	OnRunning  Trigger = "running"
	OnFailed   Trigger = "failed"
	OnDegraded Trigger = "degraded"
	OnArchived Trigger = "archived"
	OnDeleted  Trigger = "deleted"
	OnWarning  Trigger = "warning"
)

func triggers() []Trigger {
	return []Trigger{OnRunning, OnFailed, OnDegraded, OnArchived, OnDeleted, OnWarning}
}

// The receivers on a forge.
const (
	ToPullRequest = "pull-request"
	ToCommit      = "commit"
	ToDeployment  = "deployment"
)

// ToForge reports whether the receiver is the forge of the application's repositories,
// and not a sink.
func (n NotificationRule) ToForge() bool {
	return n.To == ToPullRequest || n.To == ToCommit || n.To == ToDeployment
}

// Matches reports whether the rule applies to a staging.
func (n NotificationRule) Matches(staging string) bool {
	return len(n.Stagings) == 0 || slices.ContainsFunc(n.Stagings, func(pattern string) bool { return Glob(pattern, staging) })
}

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

func (p *Project) checkNotify(c *problems) {
	for i, n := range p.Spec.Notify {
		field := fmt.Sprintf("spec.notify[%d]", i)
		if strings.TrimSpace(n.To) == "" {
			c.add(field+".to", "is missing: write the name of a sink, or %s, %s or %s", ToPullRequest, ToCommit, ToDeployment)
		}
		if n.ToForge() && len(n.On) > 0 {
			c.add(field+".on", "applies to sinks only: %s shows every state", n.To)
		}
		for j, on := range n.On {
			if !slices.Contains(triggers(), on) {
				c.add(fmt.Sprintf("%s.on[%d]", field, j), "%q is not an event%s", on, listChoices(triggerNames()))
			}
		}
	}
}

func triggerNames() []string {
	var names []string
	for _, o := range triggers() {
		names = append(names, string(o))
	}
	return names
}
