package adopt

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// settingsDir is the component that connects the objects of a chart to the settings of a
// staging.
const settingsDir = componentsDir + "/settings"

// ChartDir returns the directory of a chart in the env repo.
func ChartDir(chart string) string { return path.Join("charts", chart) }

// Chart returns the files that adapt the objects of Helm charts to a staging: a base with
// the ConfigMap of the settings, and components for the settings and the hosts. A base
// cannot refer to the objects of a chart, which are in the directory of each staging.
func (d Draft) Chart(projectName string) ([]staging.File, project.Kustomize, error) {
	settings := project.Kustomize{ConfigMap: d.ConfigMap}
	var files []staging.File
	add := func(dir, comment string, k kustomization) error {
		file, err := encode(path.Join(dir, "kustomization.yaml"), comment, k)
		files = append(files, file)
		return err
	}
	if d.ConfigMap == "" {
		settings.Base = path.Join("templates", projectName)
		settings.Components = append(settings.Components, settingsDir)
		base := kustomization{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization"}
		base.ConfigMaps = []configMap{{Name: project.DefaultConfigMap, Literals: []string{}}}
		if err := add(settings.Base, "# Objects of every staging beside those of the chart.\n", base); err != nil {
			return nil, settings, err
		}
		reading := component()
		reading.Replacements = []replacement{d.readSettings()}
		if err := add(settingsDir, "# Adds the settings of a staging to the environment of the chart's services.\n", reading); err != nil {
			return nil, settings, err
		}
	}
	if len(d.hosts) > 0 {
		settings.Components = append(settings.Components, hostsDir)
		if err := add(hostsDir, "# Sets the hosts of a staging, from its ConfigMap octopod.\n", d.hostsComponent()); err != nil {
			return nil, settings, err
		}
	}
	return files, settings, nil
}

func component() kustomization {
	return kustomization{APIVersion: "kustomize.config.k8s.io/v1alpha1", Kind: "Component"}
}

// Hosts returns the services behind the hosts of the base.
func (d Draft) Hosts() map[string]string {
	hosts := map[string]string{}
	for _, h := range d.hosts {
		hosts[h.Host] = h.to
	}
	return hosts
}

// WithoutHosts returns the draft for a base whose values set the hosts.
func (d Draft) WithoutHosts() Draft {
	d.hosts = nil
	return d
}

// PathsOf returns the paths of all values that are a text, sorted.
func PathsOf(values any, text string) []string {
	return paths(values, "", func(value any) bool { return value == text })
}

// ImagePathsOf returns the paths of values that may be an image: one text, or a map with a
// repository.
func ImagePathsOf(values any, image string) []string {
	found := paths(values, "", func(value any) bool {
		text, isText := value.(string)
		return isText && text != "" && (staging.ImageName(text) == image || strings.HasSuffix(image, "/"+text))
	})
	var images []string
	for _, at := range found {
		if above, isPart := strings.CutSuffix(at, ".repository"); isPart {
			images = append(images, above)
		} else {
			images = append(images, at)
		}
	}
	return images
}

// ReplicaPathsOf returns the paths of values that may be a number of replicas.
func ReplicaPathsOf(values any) []string {
	found := paths(values, "", func(value any) bool { _, isNumber := value.(int); return isNumber })
	return slices.DeleteFunc(found, func(at string) bool {
		lower := strings.ToLower(at)
		return !strings.HasSuffix(lower, "replicas") && !strings.HasSuffix(lower, "replicacount")
	})
}

// SwitchesOf returns the paths of values that switch on a route: ingress.enabled first.
func SwitchesOf(values any) []string {
	found := paths(values, "", func(value any) bool { return value == false })
	found = slices.DeleteFunc(found, func(path string) bool {
		lower := strings.ToLower(path)
		isRoute := slices.ContainsFunc([]string{"ingress", "route", "gateway"}, func(word string) bool { return strings.Contains(lower, word) })
		return !isRoute || !strings.HasSuffix(lower, ".enabled") || strings.Contains(path, "[")
	})
	slices.SortStableFunc(found, func(a, b string) int { return rankOfSwitch(a) - rankOfSwitch(b) })
	return found
}

func rankOfSwitch(path string) int {
	switch {
	case path == "ingress.enabled":
		return 0
	case strings.Contains(path, "ngress"):
		return 1
	}
	return 2
}

// paths returns the paths of the values that match, sorted.
func paths(value any, at string, matches func(any) bool) []string {
	var found []string
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			step := strings.ReplaceAll(key, ".", `\.`)
			if at != "" {
				step = at + "." + step
			}
			found = append(found, paths(value[key], step, matches)...)
		}
	case []any:
		for i := range value {
			found = append(found, paths(value[i], fmt.Sprintf("%s[%d]", at, i), matches)...)
		}
	default:
		if matches(value) {
			return []string{at}
		}
	}
	return found
}
