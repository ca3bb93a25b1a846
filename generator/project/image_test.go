package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

func TestKnowsRegistry(t *testing.T) {
	p := &project.Project{Spec: project.Spec{
		Services: map[string]project.Service{
			"backend":  {Image: "registry.example.com/shop/backend:main"},
			"frontend": {Build: "Builds.example.com:5000/frontend:{commit}"},
			"worker":   {},
		},
		Images: project.Images{Registries: []string{"ghcr.io", "index.docker.io"}},
	}}
	for image, want := range map[string]bool{
		"registry.example.com/other/thing:1":      true,
		"registry.example.com:443/shop/backend:1": false, // another port is another server
		"builds.example.com:5000/frontend:1":      true,
		"BUILDS.example.com:5000/frontend:1":      true,
		"builds.example.com/frontend:1":           false,
		"ghcr.io/acme/backend:1":                  true,
		"shop/backend:1":                          true, // Docker Hub, by its other name
		"backend:1":                               true,
		"docker.io/library/backend:1":             true,
		"localhost/backend:1":                     false,
		"169.254.169.254/latest:1":                false,
		"registry.example.com.evil.example/a:1":   false,
		"evil.example/registry.example.com/a:1":   false,
	} {
		if got := p.KnowsRegistry(image); got != want {
			t.Errorf("%s: asked %v, want %v", image, got, want)
		}
	}
	p.Spec.Images.Registries = nil
	if p.KnowsRegistry("backend:1") {
		t.Error("Docker Hub is asked, and nobody named it: a service without an image names no registry")
	}
}

func TestInvalidRegistries(t *testing.T) {
	for host, want := range map[string]bool{
		"ghcr.io": true, "registry.example.com:5000": true, "localhost": true, "registry:5000": true, "10.0.0.7:5000": true,
		"": false, "registry": false, "ghcr.io/acme": false, "https://ghcr.io": false, "*.example.com": false, "ghcr.io:": false, "-a.b": false,
	} {
		text := "apiVersion: octopod.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\nspec:\n  engine: kustomize\n  hosts: {baseDomain: staging.example.com}\n" +
			"  services: {backend: {image: \"a.b/c:1\"}}\n  images: {check: exists, registries: [\"" + host + "\"]}\n"
		_, err := project.Parse([]byte(text))
		if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "spec.images.registries[0]") {
			t.Errorf("%q: %v", host, err)
		}
	}
}

// A deploy of the image of another service is a mistake, unless the two share an image.
func TestDeployRejectsTheImageOfAnotherService(t *testing.T) {
	p := &project.Project{Spec: project.Spec{Services: map[string]project.Service{
		"backend":  {Image: "registry.example.com:5000/shop/backend:main"},
		"frontend": {Image: "registry.example.com:5000/shop/frontend@sha256:" + strings.Repeat("a", 64)},
		"worker":   {Image: "registry.example.com:5000/shop/backend:stable"},
		"report":   {},
	}}}
	for _, tt := range []struct{ service, image, want string }{
		{"backend", "registry.example.com:5000/shop/frontend:1", "--service backend: registry.example.com:5000/shop/frontend:1 is an image of service frontend: did you mean --service frontend?"},
		{"frontend", "registry.example.com:5000/shop/backend:1@sha256:" + strings.Repeat("b", 64), "did you mean --service backend?"},
		{"worker", "registry.example.com:5000/shop/backend:2", ""},
		{"report", "registry.example.com:5000/shop/backend:2", ""},
		{"backend", "mirror.example.com/shop/frontend:1", "backend does not take the image mirror.example.com/shop/frontend:1"},
	} {
		_, err := p.Apply(nil, staging.Action{
			Verb: staging.Deploy, Name: "x", Branch: "x", Images: map[string]staging.Build{tt.service: {Image: tt.image}},
		}, staging.Attribution{})
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s for %s: got %v, want %q", tt.image, tt.service, err, tt.want)
		}
	}
}
