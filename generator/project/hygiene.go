package project

import (
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
