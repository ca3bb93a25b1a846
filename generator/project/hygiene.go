package project

import (
	"fmt"
	"net/url"
	"slices"

	"octopod/generator/staging"
)

// IngressController is the controller whose annotations Octopod writes.
type IngressController string

// The controllers.
const (
	Nginx   IngressController = "nginx"
	Traefik IngressController = "traefik"
)

// Hygiene protects stagings from the outside and from each other. Every part is off by
// default.
type Hygiene struct {
	// Controller of the Ingresses: nginx or traefik. Required for noIndex and signIn.
	Controller IngressController `yaml:"controller,omitempty" json:"controller,omitempty" jsonschema:"enum=nginx,enum=traefik"`
	// Whether responses have the header X-Robots-Tag: noindex, nofollow. Default false.
	NoIndex bool `yaml:"noIndex,omitempty" json:"noIndex,omitempty"`
	// Sign-in in front of every address of a staging.
	SignIn SignIn `yaml:"signIn,omitempty" json:"signIn,omitzero"`
	// Network between stagings.
	Network Network `yaml:"network,omitempty" json:"network,omitzero"`
	// Pod Security Standard that the namespace enforces: privileged, baseline or restricted. Absent: that of the cluster.
	PodSecurity string `yaml:"podSecurity,omitempty" json:"podSecurity,omitempty" jsonschema:"enum=privileged,enum=baseline,enum=restricted"`
	// LimitRange of the containers.
	Limits ContainerLimits `yaml:"limits,omitempty" json:"limits,omitzero"`
}

// SignIn is the sign-in in front of stagings. At most one field is set.
type SignIn struct {
	// Address of an oauth2-proxy, for example https://auth.example.com.
	OAuth2Proxy string `yaml:"oauth2Proxy,omitempty" json:"oauth2Proxy,omitempty"`
	// Name of a Secret in each staging with users for basic auth: key auth for nginx, users for traefik. See spec.secrets.
	BasicAuth string `yaml:"basicAuth,omitempty" json:"basicAuth,omitempty"`
}

// Network is who reaches the pods of a staging.
type Network struct {
	// Whether only pods of the staging itself and of the namespaces in from reach its pods. Default false.
	Isolate bool `yaml:"isolate,omitempty" json:"isolate,omitempty"`
	// Namespaces that reach every staging: that of the Ingress controller, that of monitoring.
	From []string `yaml:"from,omitempty" json:"from,omitempty"`
}

// ContainerLimits are limits of every container of a staging.
type ContainerLimits struct {
	// Largest limits of a container: memory: 2Gi.
	Max map[string]string `yaml:"max,omitempty" json:"max,omitempty"`
	// Limits of containers without limits.
	Default map[string]string `yaml:"default,omitempty" json:"default,omitempty"`
	// Requests of containers without requests.
	Request map[string]string `yaml:"request,omitempty" json:"request,omitempty"`
}

func (l ContainerLimits) isZero() bool { return len(l.Max)+len(l.Default)+len(l.Request) == 0 }

// check validates the section.
func (h Hygiene) check(c *problems) {
	const field = "spec.hygiene"
	if controllers := []IngressController{"", Nginx, Traefik}; !slices.Contains(controllers, h.Controller) {
		c.add(field+".controller", "%q is not a controller: write nginx or traefik", h.Controller)
	}
	if h.Controller == "" && (h.NoIndex || h.SignIn != SignIn{}) {
		c.add(field+".controller", "is empty: noIndex and signIn are annotations of the Ingress controller; write nginx or traefik")
	}
	if h.SignIn.OAuth2Proxy != "" && h.SignIn.BasicAuth != "" {
		c.add(field+".signIn", "has two ways: set oauth2Proxy or basicAuth")
	}
	if u, err := url.Parse(h.SignIn.OAuth2Proxy); h.SignIn.OAuth2Proxy != "" && (err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Path != "") {
		c.add(field+".signIn.oauth2Proxy", "%q is not the address of an oauth2-proxy: write https://auth.example.com", h.SignIn.OAuth2Proxy)
	}
	if h.SignIn.BasicAuth != "" && !secretReference.MatchString(h.SignIn.BasicAuth+"/key") {
		c.add(field+".signIn.basicAuth", "%q is not the name of a Secret", h.SignIn.BasicAuth)
	}
	for i, namespace := range h.Network.From {
		if !staging.IsLabel(namespace) {
			c.add(fmt.Sprintf("%s.network.from[%d]", field, i), "%q is not the name of a namespace", namespace)
		}
	}
	if levels := []string{"", "privileged", "baseline", "restricted"}; !slices.Contains(levels, h.PodSecurity) {
		c.add(field+".podSecurity", "%q is not a standard: write privileged, baseline or restricted", h.PodSecurity)
	}
}

// checkUnused reports parts without an effect, and an isolation that nobody passes.
func (h Hygiene) checkUnused(c *problems) {
	const field = "spec.hygiene"
	if h.Controller != "" && !h.NoIndex && h.SignIn == (SignIn{}) {
		c.add(field+".controller", "has no effect: add noIndex or signIn, or remove it")
	}
	if !h.Network.Isolate && len(h.Network.From) > 0 {
		c.add(field+".network.from", "has no effect without isolate: true")
	}
	if h.Network.Isolate && len(h.Network.From) == 0 {
		c.add(field+".network.from", "is empty: the Ingress controller cannot reach a staging; add its namespace")
	}
}

// additions returns what the project adds to the template of a staging; nil for nothing.
func (p *Project) additions(name string) *staging.Additions {
	h, namespace := p.Spec.Hygiene, p.Namespace(name)
	a := staging.Additions{NamespaceLabels: map[string]string{}, IngressAnnotations: map[string]string{}, Objects: []any{}}
	for _, s := range p.Spec.Secrets {
		a.Wanted = append(a.Wanted, s.added())
	}
	if h.PodSecurity != "" {
		a.NamespaceLabels["pod-security.kubernetes.io/enforce"] = h.PodSecurity
	}
	switch h.Controller {
	case Nginx:
		h.addNginx(&a, namespace)
	case Traefik:
		h.addTraefik(&a, namespace)
	}
	if h.Network.Isolate {
		a.Wanted = append(a.Wanted, h.Network.policy())
	}
	if !h.Limits.isZero() {
		a.Wanted = append(a.Wanted, h.Limits.object())
	}
	if len(a.Wanted)+len(a.NamespaceLabels)+len(a.IngressAnnotations) == 0 {
		return nil
	}
	return &a
}

const robots = "noindex, nofollow"

// addNginx adds the annotations of ingress-nginx. Its operator must allow the header in
// global-allowed-response-headers.
func (h Hygiene) addNginx(a *staging.Additions, namespace string) {
	const prefix = "nginx.ingress.kubernetes.io/"
	if h.NoIndex {
		a.Wanted = append(a.Wanted, staging.AddedObject{APIVersion: "v1", Kind: "ConfigMap", Name: "octopod-headers", Data: map[string]string{"X-Robots-Tag": robots}})
		a.IngressAnnotations[prefix+"custom-headers"] = namespace + "/octopod-headers"
	}
	switch {
	case h.SignIn.OAuth2Proxy != "":
		a.IngressAnnotations[prefix+"auth-url"] = h.SignIn.OAuth2Proxy + "/oauth2/auth"
		a.IngressAnnotations[prefix+"auth-signin"] = h.SignIn.OAuth2Proxy + "/oauth2/start?rd=$scheme://$host$escaped_request_uri"
	case h.SignIn.BasicAuth != "":
		a.IngressAnnotations[prefix+"auth-type"] = "basic"
		a.IngressAnnotations[prefix+"auth-secret"] = h.SignIn.BasicAuth
		a.IngressAnnotations[prefix+"auth-realm"] = "Staging"
	}
}

// addTraefik adds Middlewares of Traefik, and the annotation that uses them.
func (h Hygiene) addTraefik(a *staging.Additions, namespace string) {
	used := ""
	add := func(name string, spec map[string]any) {
		a.Wanted = append(a.Wanted, staging.AddedObject{APIVersion: "traefik.io/v1alpha1", Kind: "Middleware", Name: name, Spec: spec})
		if used != "" {
			used += ","
		}
		used += namespace + "-" + name + "@kubernetescrd"
	}
	if h.NoIndex {
		add("octopod-noindex", map[string]any{"headers": map[string]any{"customResponseHeaders": map[string]any{"X-Robots-Tag": robots}}})
	}
	switch {
	case h.SignIn.OAuth2Proxy != "":
		add("octopod-signin", map[string]any{"forwardAuth": map[string]any{
			"address": h.SignIn.OAuth2Proxy + "/", "trustForwardHeader": true,
			"authResponseHeaders": []any{"X-Auth-Request-User", "X-Auth-Request-Email"},
		}})
	case h.SignIn.BasicAuth != "":
		add("octopod-signin", map[string]any{"basicAuth": map[string]any{"secret": h.SignIn.BasicAuth}})
	}
	if used != "" {
		a.IngressAnnotations["traefik.ingress.kubernetes.io/router.middlewares"] = used
	}
}

// policy returns the NetworkPolicy of a staging. Policies add up: one of the template
// admits more, and none takes away what this one admits.
func (n Network) policy() staging.AddedObject {
	from := []any{map[string]any{"podSelector": map[string]any{}}}
	for _, namespace := range n.From {
		from = append(from, map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": namespace}}})
	}
	return staging.AddedObject{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Name: "octopod", Spec: map[string]any{
		"podSelector": map[string]any{}, "policyTypes": []any{"Ingress"}, "ingress": []any{map[string]any{"from": from}},
	}}
}

// object returns the LimitRange of a staging.
func (l ContainerLimits) object() staging.AddedObject {
	limit := map[string]any{"type": "Container"}
	for field, values := range map[string]map[string]string{"max": l.Max, "default": l.Default, "defaultRequest": l.Request} {
		if len(values) > 0 {
			copied := map[string]any{}
			for name, value := range values {
				copied[name] = value
			}
			limit[field] = copied
		}
	}
	return staging.AddedObject{APIVersion: "v1", Kind: "LimitRange", Name: "octopod-limits", Spec: map[string]any{"limits": []any{limit}}}
}
