package project

import (
	"fmt"
	"regexp"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Helm is a list of Helm charts, whose objects are part of every staging.
type Helm struct {
	// Version of Kubernetes that the charts are rendered for, for example 1.31. Required with charts.
	KubeVersion string `yaml:"kubeVersion,omitempty" json:"kubeVersion,omitempty"`
	// API versions of custom kinds that the cluster has, for charts that check for them: monitoring.coreos.com/v1.
	APIVersions []string `yaml:"apiVersions,omitempty" json:"apiVersions,omitempty"`
	// The charts. Octopod renders them into envs/<name>/chart.yaml.
	Charts []HelmChart `yaml:"charts,omitempty" json:"charts,omitempty"`
}

// HelmChart is one release of a chart. Values may contain {project}, {name}, {namespace},
// {branch}, {host.<service>}, {url.<service>} and {image.<service>}.
type HelmChart struct {
	// Directory of the chart from the root of the env repo.
	Path string `yaml:"path" json:"path"`
	// Name of the release, with {project} and {name}. Default the name of the project, so that
	// objects have the same names in every staging.
	Release string `yaml:"release,omitempty" json:"release,omitempty"`
	// Files with values, from the root of the env repo. The last one wins, as with helm -f.
	ValueFiles []string `yaml:"valueFiles,omitempty" json:"valueFiles,omitempty"`
	// Values over those of the files.
	Values map[string]strictyaml.Free `yaml:"values,omitempty" json:"values,omitempty"`
	// Single values over all others, by their path: ingress.hosts[0].host. Unlike values, a path
	// into a list keeps the other elements of the chart's list.
	Set map[string]string `yaml:"set,omitempty" json:"set,omitempty"`
	// Path in the values to the image of a service, by service: one text, or a map with
	// repository and tag, and perhaps registry and digest. A service without a path is found in
	// the rendered objects, by its templateImage.
	Images map[string]string `yaml:"images,omitempty" json:"images,omitempty"`
}

// HasCharts reports whether the project renders Helm charts.
func (p *Project) HasCharts() bool { return len(p.Spec.Helm.Charts) > 0 }

// kubeVersion is a version of Kubernetes as helm --kube-version takes it.
var kubeVersion = regexp.MustCompile(`^v?1\.[0-9]+(\.[0-9]+)?([-+][\w.+-]+)?$`)

// CheckKubeVersion returns an error for a text that is no version of Kubernetes.
func CheckKubeVersion(version string) error {
	if !kubeVersion.MatchString(version) {
		return fmt.Errorf("%q is not a version of Kubernetes: write the version of your cluster, for example 1.31", version)
	}
	return nil
}

// check validates spec.helm.
func (h Helm) check(c *problems, p *Project) {
	if len(h.Charts) == 0 {
		if h.KubeVersion != "" || len(h.APIVersions) > 0 {
			c.add("spec.helm.charts", "is empty: name the directory of a chart")
		}
		return
	}
	if p.Spec.Engine == EngineJsonnet {
		c.add("spec.helm", "requires engine kustomize")
	}
	c.addError("spec.helm.kubeVersion", CheckKubeVersion(h.KubeVersion))
	releases := map[string]int{}
	for i, chart := range h.Charts {
		field := fmt.Sprintf("spec.helm.charts[%d]", i)
		chart.check(c, field, p)
		if other, taken := releases[chart.Release]; taken {
			c.add(field+".release", "%q is already the release of charts[%d]: their objects would have the same names", chart.Release, other)
		}
		releases[chart.Release] = i
	}
}

func (h HelmChart) check(c *problems, field string, p *Project) {
	checkPath(c, field+".path", h.Path)
	for i, file := range h.ValueFiles {
		checkPath(c, fmt.Sprintf("%s.valueFiles[%d]", field, i), file)
	}
	if release := p.expand(h.Release, "x"); !staging.IsLabel(release) || len(release) > maxRelease {
		c.add(field+".release", "%q is no name of a release: use at most %d lower-case letters, digits and dashes, with {project} and {name}", h.Release, maxRelease)
	}
	for _, path := range sortedKeys(h.Set) {
		checkValuePath(c, field+".set."+path, path)
	}
	for _, service := range sortedKeys(h.Images) {
		if _, known := p.Spec.Services[service]; !known {
			c.add(field+".images."+service, "there is no service %s: the services are %s", service, strings.Join(p.ServiceNames(), ", "))
		}
		checkValuePath(c, field+".images."+service, h.Images[service])
	}
}

// maxRelease is the limit of Helm for the name of a release.
const maxRelease = 53

func checkValuePath(c *problems, field, path string) {
	if _, err := staging.ParseValuePath(path); err != nil {
		c.add(field, "%q is not a path in the values of a chart: %s; write ingress.hosts[0].host", path, err)
	}
}

// chartParams returns the charts of a staging with their values.
func (p *Project) chartParams(s staging.Staging, values staging.Values) []staging.Chart {
	fill := p.chartReplacer(s)
	var charts []staging.Chart
	for i, h := range p.Spec.Helm.Charts {
		chart := staging.Chart{
			Path: h.Path, Field: fmt.Sprintf("spec.helm.charts[%d]", i),
			Release: p.expand(h.Release, s.Name), Namespace: p.Namespace(s.Name),
			KubeVersion: p.Spec.Helm.KubeVersion, APIVersions: p.Spec.Helm.APIVersions,
			ValueFiles: h.ValueFiles,
		}
		chart.Values = map[string]any{}
		for key, value := range h.Values {
			chart.Values[key] = fillValues(value, fill)
		}
		for _, path := range sortedKeys(h.Set) {
			chart.Set = append(chart.Set, staging.ChartValue{Path: path, Value: fill.Replace(h.Set[path])})
		}
		for _, name := range sortedKeys(values) {
			for _, to := range p.Spec.Parameters[name].targets() {
				if to.Value != "" && values[name] != nil && p.chartOf(to) == i {
					chart.Set = append(chart.Set, staging.ChartValue{Path: to.Value, Value: p.Spec.Parameters[name].native(values[name])})
				}
			}
		}
		for _, service := range sortedKeys(h.Images) {
			if image := s.Spec.Services[service].Image; image != "" {
				chart.Images = append(chart.Images, staging.ChartImage{Service: service, Path: h.Images[service], Reference: image})
			}
		}
		charts = append(charts, chart)
	}
	return charts
}

// chartOf returns the index of the chart that a target sets a value of: the one at its path,
// or the first.
func (p *Project) chartOf(to Target) int {
	for i, h := range p.Spec.Helm.Charts {
		if h.Path == to.Chart {
			return i
		}
	}
	return 0
}

// chartReplacer replaces the placeholders in values of charts.
func (p *Project) chartReplacer(s staging.Staging) *strings.Replacer {
	fill := p.placeholders(s)
	for _, service := range p.ServiceNames() {
		fill = append(fill, "{image."+service+"}", s.Spec.Services[service].Image)
	}
	return strings.NewReplacer(fill...)
}

// fillValues replaces the placeholders in the texts of values.
func fillValues(value any, fill *strings.Replacer) any {
	switch value := value.(type) {
	case string:
		return fill.Replace(value)
	case []any:
		items := make([]any, len(value))
		for i := range value {
			items[i] = fillValues(value[i], fill)
		}
		return items
	case map[string]any:
		fields := make(map[string]any, len(value))
		for key := range value {
			fields[key] = fillValues(value[key], fill)
		}
		return fields
	}
	return value
}
