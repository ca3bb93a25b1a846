package adopt

import (
	"strings"

	"octopod/generator/staging"
)

// servedHost is a field of the base with a host, and the service of the project behind it.
type servedHost struct {
	staging.HostField
	object staging.Object // with the field
	to     string
}

// readHosts assigns a host to each service that a route of the base leads to. The first
// one gets {name} alone. The other fields with hosts, such as those of certificates,
// follow the routes.
func (d *Draft) readHosts(objects []staging.Object, workloads []workload) {
	var named []servedHost // the object does not name the Service behind it
	for _, o := range objects {
		for _, f := range staging.HostsOf(o) {
			if f.Backend == "" {
				named = append(named, servedHost{HostField: f, object: o})
				continue
			}
			service := d.serviceBehind(objects, workloads, f.Backend)
			if service == "" {
				d.note("%s, host %s: it does not route to a service of the project; set its host in the template", o, orNone([]string{f.Host}))
				continue
			}
			d.serve(o, f, service)
		}
	}
	for _, h := range named {
		if h.to = d.serviceOf(h.Host); h.to == "" {
			d.note("%s, host %s: no route has this host; remove it from the template, or replace it by a host of the staging", h.object, orNone([]string{h.Host}))
			continue
		}
		d.hosts = append(d.hosts, h)
	}
	if len(d.hosts) == 0 {
		d.note("no object routes traffic to a service, so stagings have no address: add an Ingress or an HTTPRoute to the template, and host: \"{name}\" to its service in octopod.yaml")
	}
}

// serve adds a route to a service, and gives the service a host.
func (d *Draft) serve(o staging.Object, f staging.HostField, service string) {
	declared := d.Services[service]
	if declared.Host == "" {
		declared.Host = "{name}"
		if len(d.hosts) > 0 {
			declared.Host = service + "-{name}"
		}
		d.Services[service] = declared
	}
	d.hosts = append(d.hosts, servedHost{HostField: f, object: o, to: service})
	d.note("%s, host %s: becomes %s of service %s", o, orNone([]string{f.Host}), declared.Host, service)
}

// serviceOf returns the service of the routes that have a host; for a wildcard, that of
// the first host that it covers. It returns "" if there is none.
func (d *Draft) serviceOf(host string) string {
	for _, matches := range []func(string) bool{
		func(h string) bool { return h == host },
		func(h string) bool { return covers(host, h) },
	} {
		for _, h := range d.hosts {
			if h.Backend != "" && matches(h.Host) {
				return h.to
			}
		}
	}
	return ""
}

// covers reports whether a wildcard certificate covers a host.
func covers(wildcard, host string) bool {
	_, parent, ok := strings.Cut(host, ".")
	return ok && wildcard == "*."+parent
}
