package project

import (
	"slices"
	"strings"

	"octopod/generator/staging"
)

// maxDatabaseName is the limit of PostgreSQL identifiers (NAMEDATALEN - 1);
// MySQL allows 64.
const maxDatabaseName = 63

// Naming gives the rule that turns branches into names. Its budget is what the
// longest derived name leaves: namespace, each service's host label, Application, database.
func (p *Project) Naming() staging.Naming {
	budget := staging.MaxLabel
	for _, pattern := range p.labelPatterns() {
		budget = min(budget, staging.MaxLabel-len(p.expand(pattern, "")))
	}
	budget = min(budget, maxDatabaseName-len(p.expand(p.Spec.Database.Name, "")))
	if most := p.Spec.Naming.MaxLength; most > 0 {
		budget = min(budget, most)
	}
	return staging.Naming{
		StripPrefixes: p.Spec.Naming.StripPrefixes,
		Budget:        budget,
		Reserved:      p.Spec.Naming.Reserved,
	}
}

// labelPatterns lists every pattern that must stay an RFC 1123 label.
func (p *Project) labelPatterns() []string {
	patterns := []string{p.Spec.Naming.Namespace, ApplicationPattern}
	for _, name := range p.ServiceNames() {
		if host := p.Spec.Services[name].Host; host != "" {
			patterns = append(patterns, host)
		}
	}
	return patterns
}

// ApplicationPattern names the Argo CD Application of a staging.
const ApplicationPattern = "{project}-{name}"

// expand fills {project} and {name} into a pattern.
func (p *Project) expand(pattern, name string) string {
	return strings.NewReplacer("{project}", p.Metadata.Name, "{name}", name).Replace(pattern)
}

// ServiceNames lists the services in alphabetical order.
func (p *Project) ServiceNames() []string { return sortedKeys(p.Spec.Services) }

// ServiceTitles are what people call the services, by name.
func (p *Project) ServiceTitles() map[string]string {
	titles := make(map[string]string, len(p.Spec.Services))
	for name, service := range p.Spec.Services {
		titles[name] = service.Title
	}
	return titles
}

// Namespace is where all objects of a staging live.
func (p *Project) Namespace(name string) string { return p.expand(p.Spec.Naming.Namespace, name) }

// Application is the name of a staging's Argo CD Application.
func (p *Project) Application(name string) string { return p.expand(ApplicationPattern, name) }

// Host is the full host name of a service of a staging; "" when it has none.
func (p *Project) Host(service, name string) string {
	pattern := p.Spec.Services[service].Host
	if pattern == "" {
		return ""
	}
	return p.expand(pattern, name) + "." + p.Spec.Hosts.BaseDomain
}

// URL is the address of a service of a staging; "" when it has none.
func (p *Project) URL(service, name string) string {
	host := p.Host(service, name)
	if host == "" {
		return ""
	}
	return p.Spec.Hosts.Scheme + "://" + host + p.Spec.Services[service].Path
}

// MainService is the service that "the URL of a staging" means: the one whose
// host is the bare name, else the first with a host. "" when none has one.
func (p *Project) MainService() string {
	withHost := slices.DeleteFunc(p.ServiceNames(), func(s string) bool { return p.Spec.Services[s].Host == "" })
	if i := slices.IndexFunc(withHost, func(s string) bool { return p.Spec.Services[s].Host == "{name}" }); i >= 0 {
		return withHost[i]
	}
	if len(withHost) > 0 {
		return withHost[0]
	}
	return ""
}

// NameFor gives the name of a branch's staging. owner tells which branch a
// name belongs to, "" for nobody. A branch keeps the hashed form it once got,
// so the hashed form is looked up first.
func (p *Project) NameFor(branch string, owner func(name string) (branch string, err error)) (string, error) {
	naming := p.Naming()
	plain, hashed := naming.NameOf(branch), naming.HashedNameOf(branch)
	for _, name := range []string{hashed, plain} {
		holder, err := owner(name)
		if err != nil {
			return "", err
		}
		if holder == branch || name == plain && holder == "" {
			return name, nil
		}
	}
	return hashed, nil
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
