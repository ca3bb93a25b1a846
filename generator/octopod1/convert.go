package octopod1

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Mapping says what an override of Octopod 1 is in the project.
type Mapping struct {
	Keys     map[string]string // its key → the parameter, where that has another name
	Images   map[string]string // its key → the service whose tag, or whole image, it holds
	Branches map[string]string // name of a deployment → its branch; default the name
	Ignore   []string          // keys that may be left behind; * stands for any text
}

// Converted is a deployment as the project has it.
type Converted struct {
	Action   staging.Action // that makes it
	Unmapped []string       // keys that nothing of the project is for, and Mapping.Ignore does not name
	Problems []staging.Problem
}

// Convert says what makes a deployment anew. It looks at keys and images; whether
// a value fits its parameter, the action tells.
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
		case !declared && !m.leaves(o.Key):
			c.Unmapped = append(c.Unmapped, o.Key)
		case declared:
			c.set(name, o)
		}
	}
	return c
}

func (m Mapping) leaves(key string) bool {
	return slices.ContainsFunc(m.Ignore, func(pattern string) bool {
		ok, err := path.Match(strings.ReplaceAll(pattern, "/", "."), strings.ReplaceAll(key, "/", "."))
		return ok && err == nil
	})
}

func (c *Converted) set(name string, o Override) {
	_, set := c.Action.Set[name]
	switch {
	case set || slices.Contains(c.Action.Absent, name):
		c.fault(o, "is not the only one for "+name)
	case o.Absent:
		c.Action.Absent = append(c.Action.Absent, name)
	default:
		c.Action.Set[name] = o.Value
	}
}

// image reads a tag, or a whole reference. A tag belongs to the service's
// default image.
func (c *Converted) image(p *project.Project, service string, o Override) {
	declared, ok := p.Spec.Services[service]
	switch {
	case !ok:
		c.fault(o, fmt.Sprintf("the project has no service %q", service))
	case o.Absent: // the default image
	case strings.ContainsAny(o.Value, "/:"):
		c.Action.Images[service] = staging.Build{Image: o.Value}
	case declared.Image == "":
		c.fault(o, fmt.Sprintf("is a tag, and service %s has no default image to put it on", service))
	default:
		c.Action.Images[service] = staging.Build{Image: staging.ImageName(declared.Image) + ":" + o.Value}
	}
}

func (c *Converted) fault(o Override, why string) {
	c.Problems = append(c.Problems, staging.Problem{Field: o.Key, Message: why})
}
