package project_test

import (
	"testing"

	"octopod/generator/project"
)

func TestAllowCovers(t *testing.T) {
	byName := project.Allow{Rule: "plain-secret", Kind: "ConfigMap", Name: "web-files"}
	tests := map[string]struct {
		allow            project.Allow
		rule, kind, name string
		want             bool
	}{
		"the name":                   {byName, "plain-secret", "ConfigMap", "web-files", true},
		"with kustomize's hash":      {byName, "plain-secret", "ConfigMap", "web-files-8m7kf6tg4h", true},
		"with an MD5":                {byName, "plain-secret", "ConfigMap", "web-files-0a1b2c3d4e", true},
		"with a word of ten letters": {byName, "plain-secret", "ConfigMap", "web-files-production", false},
		"another name":               {byName, "plain-secret", "ConfigMap", "web", false},
		"another kind":               {byName, "plain-secret", "Secret", "web-files", false},
		"another rule":               {byName, "host", "ConfigMap", "web-files", false},
		"a kind without hashes": {project.Allow{Rule: "host-path", Name: "web"},
			"host-path", "Deployment", "web-8m7kf6tg4h", false},
		"written with its hash": {project.Allow{Rule: "plain-secret", Name: "web-files-8m7kf6tg4h"},
			"plain-secret", "ConfigMap", "web-files-8m7kf6tg4h", true},
		"the field, at any position": {project.Allow{Rule: "schema", Field: "spec.containers.lifecycle"}, "schema", "Pod", "web", true},
		"another field":              {project.Allow{Rule: "schema", Field: "spec.containers[0].image"}, "schema", "Pod", "web", false},
		"every name":                 {project.Allow{Rule: "host"}, "host", "Ingress", "web", true},
	}
	for name, tt := range tests {
		if got := tt.allow.Covers(tt.rule, tt.kind, tt.name, "spec.containers[0].lifecycle"); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
