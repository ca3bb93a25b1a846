package check

import (
	"fmt"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/staging"
)

// checkHosts implements the rule host.
func checkHosts(c check) {
	if ingress, ok := c.o.typed.(*networkingv1.Ingress); ok {
		checkIngressHosts(c, ingress)
	}
	if check := routeKinds[c.o.gvk.Group+"/"+c.o.Kind]; check != nil {
		check(c)
	} else if c.o.Kind != "Ingress" {
		checkOtherHosts(c)
	}
	for _, key := range staging.HostAnnotations() {
		value, ok := c.o.meta.Annotations[key]
		if !ok {
			continue
		}
		for _, host := range strings.Split(value, ",") {
			c.requireOwnHost(strings.TrimSpace(host), metadata.Child("annotations").Key(key).String())
		}
	}
}

// checkOtherHosts checks the kinds without a rule of their own, such as a Certificate. One
// wildcard certificate serves all stagings.
func checkOtherHosts(c check) {
	for _, f := range staging.HostsOf(c.o.Object) {
		if !strings.HasPrefix(f.Field, "metadata.annotations.") && (f.Routes || f.Host != "*."+c.subject.BaseDomain) {
			c.requireOwnHost(f.Host, f.Field)
		}
	}
}

// requireOwnHost rejects a host that does not belong to the staging.
func (c check) requireOwnHost(host, at string) {
	switch {
	case slices.Contains(c.subject.Hosts, host):
	case host == "":
		c.rejectAt(at, "is empty and would receive the traffic of every host: write one of %s", c.hostList())
	case strings.Contains(host, "*"):
		c.rejectAt(at, "%s would receive the traffic of other stagings: write one of %s", host, c.hostList())
	default:
		c.rejectAt(at, "%s is not a host of this staging: it has %s", host, c.hostList())
	}
}

func (c check) hostList() string {
	if len(c.subject.Hosts) == 0 {
		return "none, because no service in octopod.yaml has a host"
	}
	return join(c.subject.Hosts)
}

func checkIngressHosts(c check, ingress *networkingv1.Ingress) {
	spec := field.NewPath("spec")
	if ingress.Spec.DefaultBackend != nil {
		c.reject(spec.Child("defaultBackend"), "would receive the traffic of every host: write rules with a host instead")
	}
	for i, rule := range ingress.Spec.Rules {
		c.requireOwnHost(rule.Host, spec.Child("rules").Index(i).Child("host").String())
	}
	for i, tls := range ingress.Spec.TLS {
		for j, host := range tls.Hosts {
			// One wildcard certificate serves all stagings; it routes no traffic.
			if c.subject.BaseDomain == "" || host != "*."+c.subject.BaseDomain {
				c.requireOwnHost(host, spec.Child("tls").Index(i).Child("hosts").Index(j).String())
			}
		}
	}
}

// routeKinds holds the checks of custom kinds that route traffic, by "group/Kind".
var routeKinds = map[string]func(check){
	"gateway.networking.k8s.io/HTTPRoute": checkHostnames,
	"gateway.networking.k8s.io/GRPCRoute": checkHostnames,
	"gateway.networking.k8s.io/TLSRoute":  checkHostnames,
	"gateway.networking.k8s.io/Gateway":   checkListeners,
	"traefik.io/IngressRoute":             checkTraefik,
	"traefik.io/IngressRouteTCP":          checkTraefik,
	"traefik.containo.us/IngressRoute":    checkTraefik,
	"traefik.containo.us/IngressRouteTCP": checkTraefik,
	"projectcontour.io/HTTPProxy":         checkHTTPProxy,
	"route.openshift.io/Route":            checkRoute,
	"networking.istio.io/Gateway":         checkIstioGateway,
	"networking.istio.io/VirtualService":  checkVirtualService,
}

// checkHostnames requires hostnames: without them, a route has all hosts of its Gateway.
func checkHostnames(c check) {
	names := asList(nested(c.o.raw, "spec", "hostnames"))
	if len(names) == 0 {
		c.requireOwnHost("", "spec.hostnames")
	}
	for i, name := range names {
		c.requireOwnHost(asString(name), fmt.Sprintf("spec.hostnames[%d]", i))
	}
}

func checkListeners(c check) {
	for i, listener := range asList(nested(c.o.raw, "spec", "listeners")) {
		c.requireOwnHost(asString(nested(listener, "hostname")), fmt.Sprintf("spec.listeners[%d].hostname", i))
	}
}

// checkHTTPProxy skips an HTTPProxy without a virtualhost, which another one includes.
func checkHTTPProxy(c check) {
	if v := nested(c.o.raw, "spec", "virtualhost"); v != nil {
		c.requireOwnHost(asString(nested(v, "fqdn")), "spec.virtualhost.fqdn")
	}
}

func checkRoute(c check) { c.requireOwnHost(asString(nested(c.o.raw, "spec", "host")), "spec.host") }

// checkIstioGateway also accepts hosts in the form namespace/host.
func checkIstioGateway(c check) {
	for i, server := range asList(nested(c.o.raw, "spec", "servers")) {
		for j, host := range asList(nested(server, "hosts")) {
			name := asString(host)
			c.requireOwnHost(name[strings.LastIndexByte(name, '/')+1:], fmt.Sprintf("spec.servers[%d].hosts[%d]", i, j))
		}
	}
}

// checkVirtualService skips names without a dot and names under .svc: they are
// Services of the mesh and receive no traffic from outside.
func checkVirtualService(c check) {
	for i, host := range asList(nested(c.o.raw, "spec", "hosts")) {
		name := asString(host)
		if !staging.InMesh(name) {
			c.requireOwnHost(name, fmt.Sprintf("spec.hosts[%d]", i))
		}
	}
}

// checkTraefik checks the match of every route of a Traefik IngressRoute.
func checkTraefik(c check) {
	for i, route := range asList(nested(c.o.raw, "spec", "routes")) {
		match := asString(nested(route, "match"))
		m := routeMatch{rest: match, hosts: c.subject.Hosts}
		if bound := m.or(0); !bound || m.broken || strings.TrimSpace(m.rest) != "" {
			c.rejectAt(fmt.Sprintf("spec.routes[%d].match", i), "%q can match hosts of other stagings: every alternative needs Host(`…`) with one of %s",
				truncate(match), c.hostList())
		}
	}
}
