package adopt

import (
	"fmt"
	"path"

	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// The directories of an imported kustomize base in the env repo.
const (
	componentsDir  = "templates/components"
	hostsComponent = componentsDir + "/hosts"
)

// BaseDir returns the directory of the unmodified copy of an imported base.
func BaseDir(projectName string) string { return path.Join("templates", projectName, "base") }

// kustomization holds the fields of a kustomization that this package writes.
type kustomization struct {
	APIVersion   string        `yaml:"apiVersion"`
	Kind         string        `yaml:"kind"`
	Resources    []string      `yaml:"resources,omitempty"`
	ConfigMaps   []configMap   `yaml:"configMapGenerator,omitempty"`
	Patches      []patch       `yaml:"patches,omitempty"`
	Replacements []replacement `yaml:"replacements,omitempty"`
}

type configMap struct {
	Name     string   `yaml:"name"`
	Literals []string `yaml:"literals"`
}

type patch struct {
	Target target `yaml:"target"`
	Patch  string `yaml:"patch"`
}

type target struct {
	Kind string `yaml:"kind"`
	Name string `yaml:"name,omitempty"`
}

type replacement struct {
	Source  source        `yaml:"source"`
	Targets []destination `yaml:"targets"`
}

type source struct {
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	FieldPath string `yaml:"fieldPath"`
}

type destination struct {
	Select     target   `yaml:"select"`
	FieldPaths []string `yaml:"fieldPaths"`
	Options    options  `yaml:"options"`
}

type options struct {
	Create bool `yaml:"create"`
}

// Kustomization returns a kustomization for a plain folder of YAML.
func Kustomization(dir string, names []string) (staging.File, error) {
	k := kustomization{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Resources: names}
	return encode(path.Join(dir, "kustomization.yaml"), "", k)
}

// Kustomize returns the files that adapt an imported base to a staging: a kustomization
// in templates/<project> over the base, a directory below it, and a component for the
// hosts of the staging.
func (d Draft) Kustomize(projectName, base string) ([]staging.File, project.Kustomize, error) {
	settings := project.Kustomize{ConfigMap: d.ConfigMap}
	wrapper := kustomization{
		APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Resources: []string{base},
	}
	if d.namespace {
		wrapper.Patches = append(wrapper.Patches, patch{Target: target{Kind: "Namespace"}, Patch: "$patch: delete\nkind: Namespace\nmetadata:\n  name: any\n"})
	}
	if d.ConfigMap == "" {
		wrapper.ConfigMaps = []configMap{{Name: project.DefaultConfigMap, Literals: []string{}}}
		wrapper.Patches = append(wrapper.Patches, d.readSettings()...)
	}
	file, err := encode(path.Join("templates", projectName, "kustomization.yaml"),
		"# Template of every staging: adapts the base, an unmodified copy, to Octopod.\n", wrapper)
	files := []staging.File{file}
	if err == nil && len(d.routes)+len(d.tls) > 0 {
		settings.Components = []string{hostsComponent}
		file, err = encode(hostsComponent+"/kustomization.yaml",
			"# Sets the hosts in the Ingresses of a staging, from its ConfigMap octopod.\n", d.hosts())
		files = append(files, file)
	}
	return files, settings, err
}

// readSettings adds an envFrom of the new ConfigMap to every container of a service.
func (d Draft) readSettings() []patch {
	var patches []patch
	for _, r := range d.readers {
		if r.workload.isEarly {
			continue // it would wait for the ConfigMap forever
		}
		pointer := fmt.Sprintf("%s/containers/%d/envFrom", r.workload.podPath, r.index)
		value := fmt.Sprintf("[{configMapRef: {name: %s}}]", project.DefaultConfigMap)
		if r.envFrom {
			pointer, value = pointer+"/-", fmt.Sprintf("{configMapRef: {name: %s}}", project.DefaultConfigMap)
		}
		patches = append(patches, patch{
			Target: target{Kind: r.workload.kind, Name: r.workload.name},
			Patch:  fmt.Sprintf("- op: add\n  path: %s\n  value: %s\n", pointer, value),
		})
	}
	return patches
}

// hosts returns a component that replaces the host of every rule and TLS entry.
func (d Draft) hosts() kustomization {
	k := kustomization{APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component"}
	replace := func(ingress, service string, paths ...string) {
		k.Replacements = append(k.Replacements, replacement{
			Source: source{Kind: "ConfigMap", Name: "octopod", FieldPath: "data.host-" + service},
			Targets: []destination{{
				Select: target{Kind: "Ingress", Name: ingress}, FieldPaths: paths, Options: options{Create: true},
			}},
		})
	}
	for _, r := range d.routes {
		replace(r.ingress, r.to, fmt.Sprintf("spec.rules.%d.host", r.rule))
	}
	for _, t := range d.tls {
		replace(t.ingress, t.to, fmt.Sprintf("spec.tls.%d.hosts.%d", t.tls, t.host))
	}
	return k
}

func encode(name, comment string, k kustomization) (staging.File, error) {
	data, err := strictyaml.Encode(k)
	return staging.File{Path: name, Data: append([]byte(comment), data...)}, err
}
