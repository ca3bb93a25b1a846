package shop_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"octopod/examples/shop"
	"octopod/generator/project"
	"octopod/templates"
)

// RealNode changes the sample as `octopod init` writes it, and the result is a
// valid project.
func TestRealNodeChangesTheSample(t *testing.T) {
	clone := t.TempDir()
	sample, err := templates.Files.ReadFile("octopod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(clone, "octopod.yaml")
	if err := os.WriteFile(file, append(sample, "  argocd:\n    repoURL: https://git.example.com/envs.git\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := shop.RealNode(clone); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	const component = "templates/components/real-node"
	if p.Spec.Hosts.Scheme != "http" || !p.Spec.ArgoCD.ApplyAll || !slices.Contains(p.Spec.Kustomize.Components, component) {
		t.Errorf("got\n%s", text)
	}
	if _, err := os.Stat(filepath.Join(clone, component, "kustomization.yaml")); err != nil {
		t.Error(err)
	}
	if err := shop.RealNode(clone + "/nothing"); err == nil {
		t.Error("a folder without a project is accepted")
	}
}
