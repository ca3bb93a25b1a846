package server

import (
	"fmt"
	"slices"

	"octopod/generator/staging"
)

// For returns the configuration as one project may use it: with its own forges and
// sinks, and the shared ones. An octopod.yaml names repositories and sinks; it must not
// reach those of another team.
func (c Config) For(p ProjectConfig) Config {
	alone := len(c.Projects) < 2
	forges := slices.DeleteFunc(slices.Clone(c.Forges), func(f ForgeConfig) bool { return !alone && !f.Shared })
	sinks := slices.DeleteFunc(slices.Clone(c.Notify.Sinks), func(s SinkConfig) bool { return !alone && !s.Shared })
	c.Forges, c.Notify.Sinks = slices.Concat(forges, p.Forges), slices.Concat(sinks, p.Notify.Sinks)
	return c
}

// AllSinks returns the sinks of the server and of its projects.
func (c Config) AllSinks() NotifyConfig {
	all := NotifyConfig{Sinks: slices.Clone(c.Notify.Sinks)}
	for _, p := range c.Projects {
		all.Sinks = append(all.Sinks, p.Notify.Sinks...)
	}
	return all
}

// shareFaults lists the forges and sinks that belong to none of several projects and are
// not shared.
func (c Config) shareFaults() []staging.Problem {
	if len(c.Projects) < 2 {
		return nil
	}
	const message = "the server has several projects: move it into %s of its project, or add shared: true to allow all of them"
	var problems []staging.Problem
	for i, f := range c.Forges {
		if !f.Shared {
			problems = append(problems, staging.Problem{Field: fmt.Sprintf("forges[%d].host", i), Message: fmt.Sprintf(message, "projects[].forges")})
		}
	}
	for i, s := range c.Notify.Sinks {
		if !s.Shared {
			problems = append(problems, staging.Problem{Field: fmt.Sprintf("notify.sinks[%d].name", i), Message: fmt.Sprintf(message, "projects[].notify.sinks")})
		}
	}
	return problems
}
