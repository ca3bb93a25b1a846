package shop_test

import (
	"os"
	"path/filepath"
	"testing"

	"octopod/examples/shop"
	"octopod/generator/project"
	"octopod/templates"
)

// Each change of the sample, as `octopod init` writes it, results in a valid project with the
// components.
func TestChangesOfTheSample(t *testing.T) {
	sample, err := templates.Files.ReadFile("octopod.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for kind, change := range map[project.DatabaseKind]func(string) error{project.TemplateDatabase: shop.RealNode, project.SharedPostgres: shop.SharedServer} {
		clone := t.TempDir()
		file := filepath.Join(clone, "octopod.yaml")
		if err := os.WriteFile(file, append(sample, "  argocd:\n    repoURL: https://git.example.com/envs.git\n"...), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := change(clone); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := project.Parse(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if p.Spec.Hosts.Scheme != "http" || !p.AppliesAll() || p.Spec.Database.Kind != kind {
			t.Errorf("got\n%s", text)
		}
		for _, component := range p.Spec.Kustomize.Components[:2] {
			if _, err := os.Stat(filepath.Join(clone, component, "kustomization.yaml")); err != nil {
				t.Error(err)
			}
		}
		if err := change(clone + "/nothing"); err == nil {
			t.Error("a folder without a project is accepted")
		}
	}
}
