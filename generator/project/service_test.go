package project_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A build belongs to the service of its repository, and in a monorepo to the one with its image.
func TestTheServicesOfABuild(t *testing.T) {
	p := parse(t, `apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services:
    api: {repository: github.com/acme/mono, image: "registry.example.com/shop/api:main"}
    web: {repository: github.com/acme/mono, build: "registry.example.com/shop/web:{commit}"}
    mail: {repository: github.com/acme/mail, image: "registry.example.com/shop/mail:main"}
`)
	for name, tt := range map[string]struct {
		repository, image string
		want              []string
	}{
		"a repository of one service": {"https://github.com/acme/mail.git", "registry.example.com/other:1", []string{"mail"}},
		"the image in a monorepo":     {"github.com/acme/mono", "registry.example.com/shop/api:1f2e3d4", []string{"api"}},
		"the image that CI builds":    {"github.com/acme/mono", "registry.example.com/shop/web:1f2e3d4", []string{"web"}},
		"only the image":              {"", "registry.example.com/shop/mail:1", []string{"mail"}},
		"two are possible":            {"github.com/acme/mono", "registry.example.com/shop/new:1", []string{"api", "web"}},
		"nothing tells":               {"", "registry.example.com/x:1", []string{"api", "mail", "web"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, p.ServicesOf(tt.repository, tt.image)); diff != "" {
				t.Errorf("services (-want +got):\n%s", diff)
			}
		})
	}
}
