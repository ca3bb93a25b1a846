package project

import (
	"fmt"
	"slices"
	"strings"
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

func (n NotificationRule) check(c *problems, field string) {
	if strings.TrimSpace(n.To) == "" {
		c.add(field+".to", "is missing: write the name of a sink, or %s, %s or %s", ToPullRequest, ToCommit, ToDeployment)
	}
	if n.ToForge() && len(n.On) > 0 {
		c.add(field+".on", "applies to sinks only: %s shows every state", n.To)
	}
	for i, on := range n.On {
		if !slices.Contains(triggers(), on) {
			c.add(fmt.Sprintf("%s.on[%d]", field, i), "%q is not an event%s", on, listChoices(triggerNames()))
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
