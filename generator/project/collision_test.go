package project_test

import (
	"fmt"
	"testing"

	"octopod/generator/project"
)

func TestCollisionsNameEveryOwnerOfAHost(t *testing.T) {
	p := &project.Project{Metadata: project.Metadata{Name: "shop"}, Spec: project.Spec{
		Hosts: project.Hosts{BaseDomain: "example.com"},
		Services: map[string]project.Service{
			"backend": {Host: "api-{name}"}, "frontend": {Host: "{name}"}, "admin": {Host: "{name}-{project}"}, "worker": {},
		},
	}}
	for name, want := range map[string]string{
		"login":          "[{login-shop.example.com login-shop} {api-login.example.com api-login}]",
		"api-login":      "[{api-login-shop.example.com login-shop} {api-login-shop.example.com api-login-shop} {api-api-login.example.com api-api-login} {api-login.example.com login}]",
		"api":            "[{api-shop.example.com shop} {api-shop.example.com api-shop} {api-api.example.com api-api}]",
		"checkout-shop":  "[{checkout-shop-shop.example.com checkout-shop-shop} {api-checkout-shop.example.com api-checkout} {api-checkout-shop.example.com api-checkout-shop} {checkout-shop.example.com checkout}]",
		"api-7-checkout": "[{api-7-checkout-shop.example.com api-7-checkout-shop} {api-api-7-checkout.example.com api-api-7-checkout}]",
	} {
		if got := fmt.Sprint(p.Collisions(name)); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestPatternsOverlap(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"shop-*", "shop-api-*", true}, {"shop-*", "shop-api", true}, {"shop-*", "*", true}, {"shop-*", "*-shop", true}, {"*", "", true},
		{"shop-*", "shop", false}, {"shop-*", "acme-*", false}, {"shop-*-dev", "shop-api-*-prod", false}, {"", "x", false}, {"a", "a", true},
	} {
		if project.PatternsOverlap(tt.a, tt.b) != tt.want || project.PatternsOverlap(tt.b, tt.a) != tt.want {
			t.Errorf("%q and %q: want %v", tt.a, tt.b, tt.want)
		}
	}
}
