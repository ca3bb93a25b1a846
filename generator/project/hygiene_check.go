package project

import (
	"fmt"
	"net/url"
	"slices"

	"octopod/generator/staging"
)

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
