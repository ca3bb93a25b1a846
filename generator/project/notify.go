package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Notice says who is told of which stagings, and when. It names no address and
// holds no secret: those are in the configuration of the server.
type Notice struct {
	// A sink of the server by its name (a chat channel, a mail list, a webhook), or what is told
	// on the forge of the application's repositories: pull-request (one comment, kept up to date),
	// commit (a status) or deployment.
	To string `yaml:"to" json:"to"`
	// running, failed, degraded (a part does not work), archived, deleted, warning (it is archived or deleted soon).
	// Default all. A forge is told everything, so this is for sinks only.
	On []Occasion `yaml:"on,omitempty" json:"on,omitempty" jsonschema:"enum=running,enum=failed,enum=degraded,enum=archived,enum=deleted,enum=warning"`
	// Names of stagings; * stands for any text: feature-*. Default all.
	Stagings []string `yaml:"stagings,omitempty" json:"stagings,omitempty"`
}

// Occasion is what a sink is told of.
type Occasion string

// The occasions.
const (
	OnRunning  Occasion = "running"
	OnFailed   Occasion = "failed"
	OnDegraded Occasion = "degraded"
	OnArchived Occasion = "archived"
	OnDeleted  Occasion = "deleted"
	OnWarning  Occasion = "warning"
)

func occasions() []Occasion {
	return []Occasion{OnRunning, OnFailed, OnDegraded, OnArchived, OnDeleted, OnWarning}
}

// What is told on a forge.
const (
	ToPullRequest = "pull-request"
	ToCommit      = "commit"
	ToDeployment  = "deployment"
)

// OnForge tells whether a notice goes to the forge of the application's
// repositories, and not to a sink.
func (n Notice) OnForge() bool {
	return n.To == ToPullRequest || n.To == ToCommit || n.To == ToDeployment
}

// Covers tells whether a notice is about a staging.
func (n Notice) Covers(staging string) bool {
	return len(n.Stagings) == 0 || slices.ContainsFunc(n.Stagings, func(pattern string) bool { return Glob(pattern, staging) })
}

// Untold lists the notices that a server with these sinks sends nowhere, by their
// places in data, which is octopod.yaml.
func (p *Project) Untold(data []byte, sinks []string) []staging.Problem {
	c := faults{}
	for i, n := range p.Spec.Notify {
		if !n.OnForge() && !slices.Contains(sinks, n.To) {
			c.add(fmt.Sprintf("spec.notify[%d].to", i), "this server has no sink %q%s", n.To, meantOrOneOf(n.To, sinks))
		}
	}
	return placed(c, strictyaml.Lines(data))
}

// Told lists the sinks that are told of an occasion, each once.
func (p *Project) Told(staging string, on Occasion) []string {
	var sinks []string
	for _, n := range p.Spec.Notify {
		wanted := len(n.On) == 0 || slices.Contains(n.On, on)
		if !n.OnForge() && wanted && n.Covers(staging) && !slices.Contains(sinks, n.To) {
			sinks = append(sinks, n.To)
		}
	}
	return sinks
}

// ToldOnForge tells whether a staging is shown on its forge in one way.
func (p *Project) ToldOnForge(staging, to string) bool {
	return slices.ContainsFunc(p.Spec.Notify, func(n Notice) bool { return n.OnForge() && n.To == to && n.Covers(staging) })
}

func (p *Project) checkNotify(c *faults) {
	for i, n := range p.Spec.Notify {
		field := fmt.Sprintf("spec.notify[%d]", i)
		if strings.TrimSpace(n.To) == "" {
			c.add(field+".to", "is missing: name a sink of the server, or write %s, %s or %s", ToPullRequest, ToCommit, ToDeployment)
		}
		if n.OnForge() && len(n.On) > 0 {
			c.add(field+".on", "is for sinks: %s shows every state", n.To)
		}
		for j, on := range n.On {
			if !slices.Contains(occasions(), on) {
				c.add(fmt.Sprintf("%s.on[%d]", field, j), "%q is no occasion%s", on, oneOf(occasionNames()))
			}
		}
	}
}

func occasionNames() []string {
	var names []string
	for _, o := range occasions() {
		names = append(names, string(o))
	}
	return names
}
