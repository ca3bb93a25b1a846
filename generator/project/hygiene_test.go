package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// plainProject returns a small project with more sections.
func plainProject(more string) string {
	return "apiVersion: octopod.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\nspec:\n  engine: jsonnet\n  hosts: {baseDomain: staging.example.com}\n" +
		"  services:\n    frontend: {image: \"registry.example.com/shop/frontend:main\", host: \"{name}\"}\n  " + more + "\n"
}

func TestSecretsAndHygieneAreChecked(t *testing.T) {
	for more, want := range map[string]string{
		"secrets: [{name: stripe}]":                                                            "needs one source",
		"secrets: [{name: a, reflect: {namespace: b}, sealed: {k: Ag}}]":                       "needs one source",
		"secrets: [{name: Stripe, reflect: {namespace: mail}}]":                                "is not the name of a Secret",
		"secrets: [{name: a, reflect: {namespace: b}}, {name: a, sealed: {k: Ag}}]":            "is given twice",
		"secrets: [{name: a, externalSecret: {store: vault}}]":                                 "needs store and key",
		"secrets: [{name: a, reflect: {namespace: B}}]":                                        "is not the name of a namespace",
		"hygiene: {noIndex: true}":                                                             "annotations of the Ingress controller",
		"hygiene: {controller: haproxy, noIndex: true}":                                        "write nginx or traefik",
		"hygiene: {controller: nginx, signIn: {oauth2Proxy: auth}}":                            "is not the address of an oauth2-proxy",
		"hygiene: {controller: nginx, signIn: {oauth2Proxy: 'https://a.b', basicAuth: users}}": "has two ways",
		"hygiene: {network: {isolate: true, from: [Ingress]}}":                                 "is not the name of a namespace",
		"hygiene: {podSecurity: strict}":                                                       "write privileged, baseline or restricted",
	} {
		_, err := project.Parse([]byte(plainProject(more)))
		text := ""
		for _, p := range staging.ProblemsOf(err) {
			text += p.String()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s: %v %s, want %q", more, err, text, want)
		}
	}
	for more, want := range map[string]string{
		"hygiene: {controller: nginx}":          "has no effect: add noIndex or signIn",
		"hygiene: {network: {from: [ingress]}}": "has no effect without isolate",
		"hygiene: {network: {isolate: true}}":   "cannot reach a staging",
	} {
		text := plainProject(more)
		found := ""
		for _, p := range parse(t, text).Ineffective([]byte(text)) {
			found += p.String()
		}
		if !strings.Contains(found, want) {
			t.Errorf("%s: %q, want %q", more, found, want)
		}
	}
}
