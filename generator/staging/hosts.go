package staging

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// HostField is a field of an object that holds a host name of its application.
type HostField struct {
	Field   string // path of ParseFieldPath
	Host    string // "" receives the traffic of every host
	Backend string // Kubernetes Service that gets the traffic; "" if the object does not name it
	Routes  bool   // the object routes traffic; otherwise it only has a name or a certificate for it

	// With a Delimiter, the field holds a list, and the host is its part number Index.
	Delimiter string
	Index     int
}

// hostAnnotations add host names to an object, separated by commas.
var hostAnnotations = []string{
	"external-dns.alpha.kubernetes.io/hostname",
	"external-dns.alpha.kubernetes.io/internal-hostname",
	"nginx.ingress.kubernetes.io/server-alias",
	"cert-manager.io/common-name",
	"cert-manager.io/alt-names",
}

// HostAnnotations returns the annotations that add host names to an object, separated by
// commas.
func HostAnnotations() []string { return slices.Clone(hostAnnotations) }

// HostsOf lists the fields of an object that hold host names. It knows the kinds of
// Kubernetes, Gateway API, Istio, Traefik, Contour, OpenShift, Knative, NGINX, Emissary,
// cert-manager and ExternalDNS; any other object has those of its annotations only.
func HostsOf(o Object) []HostField {
	var doc hostDocument
	if json.Unmarshal(o.JSON, &doc) != nil {
		return nil
	}
	var fields []HostField
	if read := hostKinds[o.Group()+"/"+o.Kind]; read != nil {
		fields = read(doc.Spec)
	}
	if o.Kind == "DomainMapping" { // of Knative: its name is the host
		fields = []HostField{{Field: "metadata.name", Host: o.Name, Backend: text(doc.Spec, "ref", "name"), Routes: true}}
	}
	for _, key := range hostAnnotations {
		list, there := doc.Metadata.Annotations[key]
		if !there {
			continue
		}
		backend := ""
		if o.Kind == "Service" {
			backend = o.Name
		}
		for i, host := range strings.Split(list, ",") {
			fields = append(fields, HostField{Field: "metadata.annotations.[" + key + "]", Host: strings.TrimSpace(host), Backend: backend, Delimiter: ",", Index: i})
		}
	}
	return fields
}

type hostDocument struct {
	Metadata struct{ Annotations map[string]string }
	Spec     map[string]any
}

// hostKinds reads the spec of a kind, by "group/Kind".
var hostKinds = map[string]func(spec map[string]any) []HostField{
	"networking.k8s.io/Ingress":           ingressHosts,
	"gateway.networking.k8s.io/HTTPRoute": gatewayRoute,
	"gateway.networking.k8s.io/GRPCRoute": gatewayRoute,
	"gateway.networking.k8s.io/TLSRoute":  gatewayRoute,
	"gateway.networking.k8s.io/Gateway": func(spec map[string]any) []HostField {
		return eachHost(spec, "listeners", "name", "hostname")
	},
	"networking.istio.io/VirtualService": virtualService,
	"networking.istio.io/Gateway":        istioGateway,
	"traefik.io/IngressRoute":            ingressRoute,
	"traefik.io/IngressRouteTCP":         ingressRoute,
	"traefik.containo.us/IngressRoute":   ingressRoute,
	"projectcontour.io/HTTPProxy": func(spec map[string]any) []HostField {
		return oneHost(spec, text(first(first(spec["routes"])["services"]), "name"), "virtualhost", "fqdn")
	},
	"route.openshift.io/Route": func(spec map[string]any) []HostField {
		return oneHost(spec, text(spec, "to", "name"), "host")
	},
	"k8s.nginx.org/VirtualServer": func(spec map[string]any) []HostField {
		return oneHost(spec, text(first(spec["upstreams"]), "service"), "host")
	},
	"getambassador.io/Mapping": func(spec map[string]any) []HostField {
		backend := serviceOf(text(spec, "service"))
		return append(oneHost(spec, backend, "hostname"), oneHost(spec, backend, "host")...)
	},
	"getambassador.io/Host": func(spec map[string]any) []HostField { return oneHost(spec, "", "hostname") },
	"cert-manager.io/Certificate": func(spec map[string]any) []HostField {
		return unrouted(append(hostList(spec, "", "dnsNames"), oneHost(spec, "", "commonName")...))
	},
	"externaldns.k8s.io/DNSEndpoint": func(spec map[string]any) []HostField {
		return unrouted(eachHost(spec, "endpoints", "dnsName", "dnsName"))
	},
}

// ingressHosts names a rule by its host: its position changes when a rule is added. Only
// a rule without a host is named by its position.
func ingressHosts(spec map[string]any) []HostField {
	var fields []HostField
	for i, rule := range objects(spec["rules"]) {
		host := text(rule, "host")
		f := HostField{Field: fmt.Sprintf("spec.rules.[host=%s].host", host), Host: host, Routes: true}
		if host == "" {
			f.Field = fmt.Sprintf("spec.rules.%d.host", i)
		}
		http, _ := rule["http"].(map[string]any)
		for j, path := range objects(http["paths"]) {
			if j == 0 || text(path, "path") == "/" {
				f.Backend = text(path, "backend", "service", "name")
			}
		}
		fields = append(fields, f)
	}
	for _, entry := range objects(spec["tls"]) {
		for _, host := range words(entry["hosts"]) {
			fields = append(fields, HostField{Field: "spec.tls.*.hosts.[=" + host + "]", Host: host})
		}
	}
	return fields
}

func gatewayRoute(spec map[string]any) []HostField {
	return hostList(spec, text(first(first(spec["rules"])["backendRefs"]), "name"), "hostnames")
}

// virtualService skips the hosts inside the mesh: names of Services.
func virtualService(spec map[string]any) []HostField {
	backend := ""
	for _, protocol := range []string{"http", "tls", "tcp"} {
		if backend == "" {
			backend = serviceOf(text(first(first(spec[protocol])["route"]), "destination", "host"))
		}
	}
	return slices.DeleteFunc(hostList(spec, backend, "hosts"), func(f HostField) bool { return InMesh(f.Host) })
}

// InMesh reports whether a host of a VirtualService is a Service of the mesh, which gets
// no traffic from outside.
func InMesh(host string) bool {
	return host != "" && !strings.ContainsAny(host, ".*") || strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")
}

// istioGateway also has hosts in the form namespace/host.
func istioGateway(spec map[string]any) []HostField {
	var fields []HostField
	for _, server := range objects(spec["servers"]) {
		for _, host := range words(server["hosts"]) {
			f := HostField{Field: "spec.servers.*.hosts.[=" + host + "]", Host: host, Routes: true}
			if _, name, ok := strings.Cut(host, "/"); ok {
				f.Host, f.Delimiter, f.Index = name, "/", 1
			}
			fields = append(fields, f)
		}
	}
	return fields
}

// ingressRoute finds the hosts in the rules of Traefik: Host(`www.example.com`).
func ingressRoute(spec map[string]any) []HostField {
	var fields []HostField
	for _, route := range objects(spec["routes"]) {
		match := text(route, "match")
		parts := strings.Split(match, "`")
		for i := 1; i < len(parts); i += 2 {
			if name := strings.TrimRight(parts[i-1], " "); strings.HasSuffix(name, "Host(") || strings.HasSuffix(name, "HostSNI(") {
				fields = append(fields, HostField{
					Field: "spec.routes.[match=" + match + "].match", Host: parts[i], Backend: text(first(route["services"]), "name"), Routes: true,
					Delimiter: "`", Index: i,
				})
			}
		}
	}
	return fields
}

// oneHost reads the host at a path of keys; none if it is not there.
func oneHost(spec map[string]any, backend string, keys ...string) []HostField {
	host := text(spec, keys...)
	if host == "" {
		return nil
	}
	return []HostField{{Field: "spec." + strings.Join(keys, "."), Host: host, Backend: backend, Routes: true}}
}

// hostList reads a list of hosts.
func hostList(spec map[string]any, backend, key string) []HostField {
	var fields []HostField
	for _, host := range words(spec[key]) {
		fields = append(fields, HostField{Field: "spec." + key + ".[=" + host + "]", Host: host, Backend: backend, Routes: true})
	}
	return fields
}

// eachHost reads the host of every element of a list, which a key names.
func eachHost(spec map[string]any, list, name, host string) []HostField {
	var fields []HostField
	for _, element := range objects(spec[list]) {
		if h := text(element, host); h != "" {
			fields = append(fields, HostField{Field: fmt.Sprintf("spec.%s.[%s=%s].%s", list, name, text(element, name), host), Host: h, Routes: true})
		}
	}
	return fields
}

func unrouted(fields []HostField) []HostField {
	for i := range fields {
		fields[i].Routes = false
	}
	return fields
}

// serviceOf returns the Service in an address such as http://web.shop:8080.
func serviceOf(address string) string {
	if _, after, ok := strings.Cut(address, "//"); ok {
		address = after
	}
	name, _, _ := strings.Cut(address, ":")
	name, _, _ = strings.Cut(name, ".")
	return name
}

// text returns the text at a path of keys; "" if there is none.
func text(m map[string]any, keys ...string) string {
	for _, key := range keys[:len(keys)-1] {
		m, _ = m[key].(map[string]any)
	}
	s, _ := m[keys[len(keys)-1]].(string)
	return s
}

// objects returns the objects in a list.
func objects(list any) []map[string]any {
	var all []map[string]any
	values, _ := list.([]any)
	for _, v := range values {
		if m, ok := v.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

// first returns the first object of a list; nil if there is none.
func first(list any) map[string]any {
	if all := objects(list); len(all) > 0 {
		return all[0]
	}
	return nil
}

// words returns the text elements of a list.
func words(list any) []string {
	var all []string
	values, _ := list.([]any)
	for _, v := range values {
		if s, ok := v.(string); ok {
			all = append(all, s)
		}
	}
	return all
}
