package project_test

import (
	"strings"
	"testing"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// A deploy brings only images of the repositories that octopod.yaml names for the
// service: otherwise a role that may deploy runs any program.
func TestADeployTakesOnlyImagesOfTheService(t *testing.T) {
	for _, tt := range []struct {
		name    string
		service project.Service
		hosts   []string
		image   string
		allowed bool
	}{
		{"another tag", project.Service{Image: "registry.example.com/shop/backend:main"}, nil, "registry.example.com/shop/backend:1f2e3d4", true},
		{"a digest", project.Service{Image: "registry.example.com/shop/backend:main"}, nil, "registry.example.com/shop/backend@sha256:" + strings.Repeat("a", 64), true},
		{"another repository", project.Service{Image: "registry.example.com/shop/backend:main"}, nil, "registry.example.com/shop/frontend:1", false},
		{"another registry", project.Service{Image: "registry.example.com/shop/backend:main"}, nil, "evil.example.org/shop/backend:1", false},
		{"a longer name", project.Service{Image: "registry.example.com/shop/backend:main"}, nil, "registry.example.com/shop/backend-x:1", false},
		{"a port is another registry", project.Service{Image: "registry.example.com/shop/backend:main"}, nil, "registry.example.com:5000/shop/backend:1", false},
		{"of build", project.Service{Build: "registry.example.com/shop/backend:{commit}"}, nil, "registry.example.com/shop/backend:1", true},
		{"not of build", project.Service{Build: "registry.example.com/shop/backend:{commit}"}, nil, "registry.example.com/shop/other:1", false},
		{"of a pattern", project.Service{Image: "registry.example.com/shop/backend:main", Images: []string{"ghcr.io/acme/*"}}, nil, "ghcr.io/acme/backend:1", true},
		{"not of a pattern", project.Service{Image: "registry.example.com/shop/backend:main", Images: []string{"ghcr.io/acme/*"}}, nil, "ghcr.io/acme-evil/backend:1", false},
		{"its own, beside a pattern", project.Service{Image: "registry.example.com/shop/backend:main", Images: []string{"ghcr.io/acme/*"}}, nil, "registry.example.com/shop/backend:1", true},
		{"every image", project.Service{Images: []string{"*"}}, nil, "ghcr.io/acme/backend:1", true},
		{"Docker Hub has two names", project.Service{Image: "nginx:1"}, nil, "docker.io/library/nginx:2", true},
		{"not its host, but its user", project.Service{Image: "nginx:1"}, nil, "acme/nginx:2", false},
		{"of a registry, where the service names none", project.Service{}, []string{"ghcr.io"}, "ghcr.io/acme/backend:1", true},
		{"a registry is no repository", project.Service{Image: "registry.example.com/shop/backend:main"}, []string{"ghcr.io"}, "ghcr.io/acme/backend:1", false},
		{"where nothing is named", project.Service{}, nil, "ghcr.io/acme/backend:1", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := parse(t, shop)
			p.Spec.Services["backend"] = tt.service
			delete(p.Spec.Services, "frontend")
			p.Spec.Images.Registries = tt.hosts
			_, err := p.Apply(nil, staging.Action{
				Verb: staging.Deploy, Name: "login", Branch: "feature/login", Images: map[string]staging.Build{"backend": {Image: tt.image}},
			}, noon)
			if (err == nil) != tt.allowed {
				t.Fatalf("%s: %v", tt.image, err)
			}
			if !tt.allowed {
				problem := staging.ProblemsOf(err)[0]
				if problem.Field != "--image" || !strings.Contains(problem.Message, tt.image) || !strings.Contains(problem.Message, "spec.services.backend.images") {
					t.Errorf("%+v", problem)
				}
			}
		})
	}
}

// frontend of the shop names no image: it takes the images beside those of the backend.
func TestAServiceWithoutAnImageTakesThoseBesideTheOthers(t *testing.T) {
	p := parse(t, shop)
	for image, allowed := range map[string]bool{
		"registry.example.com/shop/frontend:1":  true,
		"registry.example.com/other/frontend:1": false,
		"evil.example.org/shop/frontend:1":      false,
	} {
		if p.AllowsImage("frontend", image) != allowed {
			t.Errorf("%s is allowed: %t", image, !allowed)
		}
	}
	p.Spec.Services["backend"] = project.Service{Image: "nginx:1"}
	if p.AllowsImage("frontend", "ghcr.io/acme/x:1") || p.AllowsImage("frontend", "acme/x:1") || !p.AllowsImage("frontend", "httpd:1") {
		t.Error("an image of Docker Hub allows another one than those beside it")
	}
}

func TestImagePatterns(t *testing.T) {
	for pattern, valid := range map[string]bool{
		"*": true, "ghcr.io/acme/*": true, "registry.example.com:5000/shop/backend": true, "nginx": true, "acme/*": true,
		"": false, "*.example.com/shop/x": false, "ghcr.io*": false, "ghcr.io/acme/x:1": false, "ghcr.io/acme/x:*": false, "https://ghcr.io/acme": false,
	} {
		text := strings.Replace(shop, "frontend: {host:", "frontend: {images: [\""+pattern+"\"], host:", 1)
		if _, err := project.Parse([]byte(text)); (err == nil) != valid {
			t.Errorf("%q: %v", pattern, err)
		} else if !valid && !strings.Contains(staging.ProblemsOf(err)[0].Field, "spec.services.frontend.images[0]") {
			t.Errorf("%q: %+v", pattern, staging.ProblemsOf(err))
		}
	}
}
