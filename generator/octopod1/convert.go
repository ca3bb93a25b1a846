package octopod1

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Mapping maps the overrides of Octopod 1 to the project.
type Mapping struct {
	Keys     map[string]string // key → parameter, if the names differ
	Images   map[string]string // key → service, for a key that is a tag or an image
	Branches map[string]string // name of a deployment → branch; default the name
	Ignore   []string          // ignored keys; * matches any text
}

// Converted is a converted deployment.
type Converted struct {
	Action   staging.Action // that creates the staging
	Unmapped []string       // keys without a parameter or service that Mapping.Ignore does not match
	Problems []staging.Problem
}

// Convert converts a deployment to the action that creates it. It checks keys and
// images; applying the action checks the values.
func (m Mapping) Convert(p *project.Project, d Deployment) Converted {
	c := Converted{Action: staging.Action{
		Verb: staging.Create, Name: d.Name, Branch: d.Name, Set: map[string]string{}, Images: map[string]staging.Build{},
		Reason: "imported from Octopod 1",
	}}
	if branch := m.Branches[d.Name]; branch != "" {
		c.Action.Branch = branch
	}
	for _, o := range slices.Concat(d.Deployment, d.App) {
		name := o.Key
		if renamed := m.Keys[o.Key]; renamed != "" {
			name = renamed
		}
		_, declared := p.Spec.Parameters[name]
		switch service := m.Images[o.Key]; {
		case service != "":
			c.image(p, service, o)
		case !declared && !m.ignores(o.Key):
			c.Unmapped = append(c.Unmapped, o.Key)
		case declared:
			c.set(name, o)
		}
	}
	return c
}

func (m Mapping) ignores(key string) bool {
	return slices.ContainsFunc(m.Ignore, func(pattern string) bool {
		ok, err := path.Match(strings.ReplaceAll(pattern, "/", "."), strings.ReplaceAll(key, "/", "."))
		return ok && err == nil
	})
}

func (c *Converted) set(name string, o Override) {
	_, set := c.Action.Set[name]
	switch {
	case set || slices.Contains(c.Action.Absent, name):
		c.fault(o, "is not the only key for "+name)
	case o.Absent:
		c.Action.Absent = append(c.Action.Absent, name)
	default:
		c.Action.Set[name] = o.Value
	}
}

// image sets the image of a service from a tag or a full reference. A tag applies to the
// default image of the service.
func (c *Converted) image(p *project.Project, service string, o Override) {
	declared, ok := p.Spec.Services[service]
	switch {
	case !ok:
		c.fault(o, fmt.Sprintf("the project has no service %q", service))
	case o.Absent: // the default image
	case strings.ContainsAny(o.Value, "/:"):
		c.Action.Images[service] = staging.Build{Image: o.Value}
	case declared.Image == "":
		c.fault(o, fmt.Sprintf("is a tag, but service %s has no default image", service))
	default:
		c.Action.Images[service] = staging.Build{Image: staging.ImageName(declared.Image) + ":" + o.Value}
	}
}

func (c *Converted) fault(o Override, why string) {
	c.Problems = append(c.Problems, staging.Problem{Field: o.Key, Message: why})
}
