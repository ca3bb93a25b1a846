package project

import (
	"strings"

	"octopod/generator/staging"
)

// StagingOfApplication returns the staging that would have an Application of this name;
// "" if none can have it.
func (p *Project) StagingOfApplication(name string) string {
	return p.possibleName(p.nameIn(ApplicationPattern, name))
}

// StagingOfNamespace returns the staging that would have this namespace; "" if none can
// have it.
func (p *Project) StagingOfNamespace(namespace string) string {
	return p.possibleName(p.nameIn(p.Spec.Naming.Namespace, namespace))
}

// possibleName returns a name if a staging can have it, else "".
func (p *Project) possibleName(name string) string {
	if p.Naming().Check(name) != nil {
		return ""
	}
	return name
}

// nameIn returns the name for which a pattern results in text; "" if there is none. A
// name that is reserved by now may belong to an older staging.
func (p *Project) nameIn(pattern, text string) string {
	before, after, ok := strings.Cut(p.expand(pattern, "{name}"), "{name}")
	rest, begins := strings.CutPrefix(text, before)
	name, ends := strings.CutSuffix(rest, after)
	if !ok || !begins || !ends || !staging.IsLabel(name) {
		return ""
	}
	return name
}

// PatternsOverlap reports whether one text matches both patterns, in which * stands for
// any text.
func PatternsOverlap(a, b string) bool {
	switch {
	case a == "" || b == "":
		return strings.Trim(a+b, "*") == ""
	case a[0] == '*':
		return PatternsOverlap(a[1:], b) || PatternsOverlap(a, b[1:])
	case b[0] == '*':
		return PatternsOverlap(a, b[1:]) || PatternsOverlap(a[1:], b)
	}
	return a[0] == b[0] && PatternsOverlap(a[1:], b[1:])
}

// Collision is a host that two stagings would own.
type Collision struct {
	Host  string
	Other string // name of the other staging
}

// Collisions lists the hosts of a staging that a staging with another name would own
// too: with the hosts {name} and api-{name}, login has the host of api-login. Every other
// derived name contains the staging's name in one pattern, so it is unique.
func (p *Project) Collisions(name string) []Collision {
	var found []Collision
	for _, service := range p.ServiceNames() {
		pattern := p.Spec.Services[service].Host
		if pattern == "" {
			continue
		}
		label := p.expand(pattern, name)
		for _, other := range p.ServiceNames() {
			rival := p.nameIn(p.Spec.Services[other].Host, label)
			if rival != "" && rival != name {
				found = append(found, Collision{Host: p.Host(service, name), Other: rival})
			}
		}
	}
	return found
}
