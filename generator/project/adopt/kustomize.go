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
	componentsDir = "templates/components"
	hostsDir      = componentsDir + "/hosts"
)

// BaseDir returns the directory of the unmodified copy of an imported base.
func BaseDir(projectName string) string { return path.Join("templates", projectName, "base") }

// kustomization holds the fields of a kustomization that this package writes.
type kustomization struct {
	APIVersion   string        `yaml:"apiVersion"`
	Kind         string        `yaml:"kind"`
	Namespace    string        `yaml:"namespace,omitempty"`
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
	Group string `yaml:"group,omitempty"`
	Kind  string `yaml:"kind"`
	Name  string `yaml:"name,omitempty"`
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
	Options    options  `yaml:"options,omitempty"`
}

type options struct {
	Create    bool   `yaml:"create,omitempty"`
	Delimiter string `yaml:"delimiter,omitempty"`
	Index     int    `yaml:"index,omitempty"`
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
	if len(d.namespaces) > 0 {
		wrapper.Namespace = "default" // for kustomize the same as none: the settings of a staging merge into a ConfigMap without one
	}
	if d.namespace {
		wrapper.Patches = append(wrapper.Patches, patch{Target: target{Kind: "Namespace"}, Patch: "$patch: delete\nkind: Namespace\nmetadata:\n  name: any\n"})
	}
	if d.ConfigMap == "" {
		wrapper.ConfigMaps = []configMap{{Name: project.DefaultConfigMap, Literals: []string{}}}
		wrapper.Replacements = []replacement{d.readSettings()}
	}
	file, err := encode(path.Join("templates", projectName, "kustomization.yaml"),
		"# Template of every staging: adapts the base, an unmodified copy, to Octopod.\n", wrapper)
	files := []staging.File{file}
	if err == nil && len(d.hosts) > 0 {
		settings.Components = []string{hostsDir}
		file, err = encode(hostsDir+"/kustomization.yaml",
			"# Sets the hosts of a staging, from its ConfigMap octopod.\n", d.hostsComponent())
		files = append(files, file)
	}
	return files, settings, err
}

// readSettings adds an envFrom of the new ConfigMap to every container of a service. The
// containers are named, and the element is the one with an empty prefix, which kustomize
// adds: a patch would need positions, and replace an envFrom that the base gets later.
func (d Draft) readSettings() replacement {
	r := replacement{Source: source{Kind: "ConfigMap", Name: project.DefaultConfigMap, FieldPath: "metadata.name"}}
	for _, c := range d.readers {
		if c.workload.isEarly {
			continue // it would wait for the ConfigMap forever
		}
		path := staging.ExactFieldPath(c.path())
		r.Targets = append(r.Targets, destination{
			Select: target{Kind: c.workload.kind, Name: c.workload.name}, FieldPaths: []string{path + ".envFrom.[prefix=].configMapRef.name"}, Options: options{Create: true},
		})
	}
	return r
}

// hostsComponent returns a component that sets the hosts of the staging in the fields of
// the base that hold hosts. It names an element of a list by its host, because its
// position changes.
func (d Draft) hostsComponent() kustomization {
	k := kustomization{APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component"}
	written := map[string]bool{}
	for _, h := range d.hosts {
		key := fmt.Sprint(h.object.APIVersion, h.object, h.Field, h.Index)
		if written[key] {
			continue
		}
		written[key] = true
		k.Replacements = append(k.Replacements, replacement{
			Source: source{Kind: "ConfigMap", Name: "octopod", FieldPath: "data.host-" + h.to},
			Targets: []destination{{
				Select: target{Group: h.object.Group(), Kind: h.object.Kind, Name: h.object.Name}, FieldPaths: []string{staging.ExactFieldPath(h.Field)},
				Options: options{Create: h.Host == "", Delimiter: h.Delimiter, Index: h.Index},
			}},
		})
	}
	return k
}

func encode(name, comment string, k kustomization) (staging.File, error) {
	data, err := strictyaml.Encode(k)
	return staging.File{Path: name, Data: append([]byte(comment), data...)}, err
}
