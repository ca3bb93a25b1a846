package project

import (
	"cmp"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// maxDatabaseName is the maximum length of a PostgreSQL identifier (NAMEDATALEN - 1).
// MySQL allows 64 characters.
const maxDatabaseName = 63

// Naming returns the rule for names of stagings. Its budget is the length that the
// longest derived name leaves: namespace, Application, database, or a host label.
func (p *Project) Naming() staging.Naming {
	budget := staging.MaxLabel
	for _, pattern := range p.labelPatterns() {
		budget = min(budget, staging.MaxLabel-len(p.expand(pattern, "")))
	}
	if !p.Spec.Database.Kind.IsManaged() { // NameOf shortens the name of a database of Octopod
		budget = min(budget, maxDatabaseName-len(p.expand(p.Spec.Database.Name, "")))
	}
	for _, h := range p.Spec.Helm.Charts {
		if strings.Contains(h.Release, "{name}") {
			budget = min(budget, maxRelease-len(p.expand(h.Release, "")))
		}
	}
	if most := p.Spec.Naming.MaxLength; most > 0 {
		budget = min(budget, most)
	}
	return staging.Naming{
		StripPrefixes: p.Spec.Naming.StripPrefixes,
		Budget:        budget,
		Reserved:      slices.Concat(p.Spec.Naming.Reserved, p.Spec.ArgoCD.Exclude),
	}
}

// Excludes reports whether the ApplicationSet leaves out a directory in envs, because
// Octopod did not write it.
func (p *Project) Excludes(name string) bool { return slices.Contains(p.Spec.ArgoCD.Exclude, name) }

// labelPatterns lists every pattern whose result must be an RFC 1123 label.
func (p *Project) labelPatterns() []string {
	patterns := []string{p.Spec.Naming.Namespace, ApplicationPattern}
	for _, name := range p.ServiceNames() {
		if host := p.Spec.Services[name].Host; host != "" {
			patterns = append(patterns, host)
		}
	}
	return patterns
}

// ApplicationPattern is the pattern for names of Argo CD Applications.
const ApplicationPattern = "{project}-{name}"

// expand replaces {project} and {name} in a pattern.
func (p *Project) expand(pattern, name string) string {
	return strings.ReplaceAll(strings.ReplaceAll(pattern, "{project}", p.Metadata.Name), "{name}", name)
}

// ServiceNames lists the names of the services in alphabetical order.
func (p *Project) ServiceNames() []string { return sortedKeys(p.Spec.Services) }

// ParameterNames lists the names of the parameters in alphabetical order.
func (p *Project) ParameterNames() []string { return sortedKeys(p.Spec.Parameters) }

// ServiceTitles returns the titles of the services by name.
func (p *Project) ServiceTitles() map[string]string {
	titles := make(map[string]string, len(p.Spec.Services))
	for name, service := range p.Spec.Services {
		titles[name] = service.Title
	}
	return titles
}

// Namespace returns the namespace of a staging.
func (p *Project) Namespace(name string) string { return p.expand(p.Spec.Naming.Namespace, name) }

// Application returns the name of a staging's Argo CD Application.
func (p *Project) Application(name string) string { return p.expand(ApplicationPattern, name) }

// Host returns the full host name of a service of a staging; "" if it has none.
func (p *Project) Host(service, name string) string {
	pattern := p.Spec.Services[service].Host
	if pattern == "" {
		return ""
	}
	return p.expand(pattern, name) + "." + p.Spec.Hosts.BaseDomain
}

// URL returns the address of a service of a staging; "" if it has none.
func (p *Project) URL(service, name string) string {
	host := p.Host(service, name)
	if host == "" {
		return ""
	}
	return p.Spec.Hosts.Scheme + "://" + host + p.Spec.Services[service].Path
}

// MainService returns the service behind the URL of a staging: the one whose host is
// {name} alone, or else the first with a host; "" if none has a host.
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

// NameFor returns the name of the staging of a branch. owner returns the branch that a
// name belongs to, or "". A branch gets the hashed name when its plain one, or a host
// with that name, belongs to another staging. It keeps a hashed name that it once got, so
// NameFor looks up the hashed name first.
func (p *Project) NameFor(branch string, owner func(name string) (branch string, err error)) (string, error) {
	naming := p.Naming()
	plain, hashed := naming.NameOf(branch), naming.HashedNameOf(branch)
	for _, name := range []string{hashed, plain} {
		of, err := owner(name)
		if err != nil {
			return "", err
		}
		if of == branch {
			return name, nil
		}
		if name == plain && of == "" {
			taken, err := p.hostsTaken(plain, owner)
			if err != nil || !taken {
				return name, err
			}
		}
	}
	return hashed, nil
}

// hostsTaken reports whether another staging owns a host that a name would get.
func (p *Project) hostsTaken(name string, owner func(name string) (branch string, err error)) (bool, error) {
	for _, c := range p.Collisions(name) {
		if of, err := owner(c.Other); err != nil || of != "" {
			return true, err
		}
	}
	return false, nil
}

func sortedKeys[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// ApplicationNamespace returns the namespace of the ApplicationSet and the Applications.
func (p *Project) ApplicationNamespace() string {
	return cmp.Or(p.Spec.ArgoCD.ApplicationNamespace, p.Spec.ArgoCD.Namespace)
}
