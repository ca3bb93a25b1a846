package project

import "strings"

// SharedName is a name in the cluster that stagings of two projects would both own.
type SharedName struct {
	What  string // host login.staging.example.com
	Other string // name of the staging in the other project
}

// SharedNames lists the hosts, the namespace and the Application of a staging that a
// staging of another project would own too: a staging api-login of the project shop has the
// namespace of a staging login of the project shop-api.
func (p *Project) SharedNames(name string, other *Project) []SharedName {
	var shared []SharedName
	add := func(what string, rivals ...string) {
		for _, rival := range rivals {
			if rival != "" {
				shared = append(shared, SharedName{what, rival})
			}
		}
	}
	for _, service := range p.ServiceNames() {
		if host := p.Host(service, name); host != "" {
			add("host "+host, other.stagingsOfHost(host)...)
		}
	}
	if p.sharesCluster(other) {
		add("namespace "+p.Namespace(name), other.StagingOfNamespace(p.Namespace(name)))
	}
	if p.ApplicationNamespace() == other.ApplicationNamespace() {
		add("Application "+p.Application(name), other.StagingOfApplication(p.Application(name)))
	}
	return shared
}

// stagingsOfHost lists the stagings that could own a host.
func (p *Project) stagingsOfHost(host string) []string {
	label, ok := strings.CutSuffix(host, "."+p.Spec.Hosts.BaseDomain)
	if !ok {
		return nil
	}
	var names []string
	for _, service := range p.ServiceNames() {
		names = append(names, p.possibleName(p.nameIn(p.Spec.Services[service].Host, label)))
	}
	return names
}

func (p *Project) sharesCluster(other *Project) bool {
	return p.Spec.ArgoCD.Destination == other.Spec.ArgoCD.Destination
}

// NamespacesOverlap reports whether the AppProjects of two projects allow a common
// namespace: the namespaces shop-* of shop include those of shop-api, shop-api-*.
func (p *Project) NamespacesOverlap(other *Project) bool {
	return p.sharesCluster(other) && PatternsOverlap(p.Namespace("*"), other.Namespace("*"))
}
