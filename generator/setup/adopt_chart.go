package setup

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"octopod/generator/change"
	"octopod/generator/check"
	"octopod/generator/helm"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/project/strictyaml"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// isChart reports whether the template is a Helm chart.
func (r InitRequest) isChart() bool {
	if r.TemplateArchive != "" {
		return true
	}
	names, err := fsFiles{r.Template}.List(path.Join(".", r.TemplateDir))
	return err == nil && helm.IsChart(names) && !slices.ContainsFunc(names, adopt.IsKustomization)
}

// importedChart is a copy of the user's chart for the env repo.
type importedChart struct {
	dir    string // in the env repo
	files  []staging.File
	chart  staging.Chart // as the trial staging has it
	values map[string]any

	switchedOn string // path of the value that makes a route; "" if the chart has one, or none does
}

// adoptChart makes a project of a Helm chart.
func (s *Setup) adoptChart(ctx context.Context, r InitRequest) (layout, error) {
	if err := project.CheckKubeVersion(r.KubeVersion); err != nil {
		return layout{}, staging.Errorf(staging.CodeInvalid, "%s is a Helm chart, and what it renders depends on the version of Kubernetes", r.TemplatePath).
			WithTechnicalHint("add --kube-version with the version of your cluster: --kube-version 1.31")
	}
	c, err := importChart(r)
	if err != nil {
		return layout{}, err
	}
	rendered, err := s.renderRouted(ctx, &c)
	if err != nil {
		return layout{}, change.RewriteError(err, strings.NewReplacer(c.dir+"/", path.Clean(r.TemplatePath)+"/"))
	}
	draft := adopt.Read(rendered.Objects)
	spec := project.HelmChart{Path: c.dir, ValueFiles: c.chart.ValueFiles, Values: map[string]strictyaml.Free{}}
	for key, value := range c.chart.Values {
		spec.Values[key] = value
	}
	if c.switchedOn != "" {
		draft.Notes = append(draft.Notes, "no object of the chart has a host: spec.helm.charts[0].values switches on "+c.switchedOn)
	}
	if spec.Set = s.hostValues(ctx, c, draft); len(spec.Set) > 0 {
		draft = draft.WithoutHosts()
		draft.Notes = append(draft.Notes, "the hosts of a staging go into the values "+strings.Join(slices.Sorted(maps.Keys(spec.Set)), ", "))
	}
	if spec.Images = s.imageValues(ctx, c, draft); len(spec.Images) > 0 {
		draft.Notes = append(draft.Notes, "images go into the values "+strings.Join(slices.Sorted(maps.Values(spec.Images)), ", "))
	}
	if used := s.useReplicaValues(ctx, c, draft); len(used) > 0 {
		draft.Notes = append(draft.Notes, "numbers of replicas go into the values "+strings.Join(used, ", "))
	}
	glue, settings, err := draft.Chart(r.Name)
	if err != nil {
		return layout{}, fmt.Errorf("writing the kustomization: %w", err)
	}
	p := newProject(r, draft)
	p.Spec.Kustomize = settings
	p.Spec.Helm = project.Helm{KubeVersion: r.KubeVersion, APIVersions: r.APIVersions, Charts: []project.HelmChart{spec}}
	p.Spec.ArgoCD.ApplyAll = check.EarlyJob(rendered.Objects) != ""
	draft.Notes = append(rendered.Notes, draft.Notes...)
	return s.finishAdoption(ctx, p, draft, append(c.files, glue...))
}

// importChart copies the chart and the files with values of a request.
func importChart(r InitRequest) (importedChart, error) {
	var c importedChart
	contents, err := r.chartContents()
	if err != nil {
		return c, err
	}
	var head struct{ Name string }
	for _, f := range contents {
		if f.Path == "Chart.yaml" {
			_ = yaml.Unmarshal(f.Data, &head) // rendering reports the fault
		}
		if f.Path == "values.yaml" {
			_ = yaml.Unmarshal(f.Data, &c.values) // likewise
		}
	}
	if !staging.IsLabel(head.Name) {
		return c, staging.Errorf(staging.CodeInvalid, "Chart.yaml of %s: name %q is no name of a chart", r.TemplatePath, head.Name).
			WithHint("use lower-case letters, digits and dashes")
	}
	c.dir = adopt.ChartDir(head.Name)
	for _, f := range contents {
		c.files = append(c.files, staging.File{Path: path.Join(c.dir, f.Path), Data: f.Data})
	}
	c.chart = staging.Chart{
		Path: c.dir, Field: "spec.helm.charts[0]", Release: r.Name, Namespace: r.Name + "-" + change.TrialName,
		KubeVersion: r.KubeVersion, APIVersions: r.APIVersions,
	}
	for _, f := range r.ValueFiles {
		name := path.Join("charts", "values", path.Base(f.Path))
		c.files = append(c.files, staging.File{Path: name, Data: f.Data})
		c.chart.ValueFiles = append(c.chart.ValueFiles, name)
		var over map[string]any
		_ = yaml.Unmarshal(f.Data, &over) // rendering reports the fault
		c.values = helm.MergeValues(c.values, over)
	}
	return c, nil
}

// chartContents reads the chart of a request: a directory, or an archive.
func (r InitRequest) chartContents() ([]staging.File, error) {
	if r.TemplateArchive != "" {
		data, err := fs.ReadFile(r.Template, r.TemplateArchive)
		if err != nil {
			return nil, fmt.Errorf("reading the chart: %w", err)
		}
		return helm.Unpack(data)
	}
	contents, err := helm.Contents(fsFiles{r.Template}, path.Join(".", r.TemplateDir))
	size := 0
	for _, f := range contents {
		size += len(f.Data)
	}
	if err == nil && size > maxTemplate {
		return nil, staging.Errorf(staging.CodeInvalid, "the chart holds more than %d MiB", maxTemplate>>20).
			WithHint("exclude what templates do not need in .helmignore")
	}
	return contents, err
}

// renderRouted renders the chart. If no object has a host, it switches on the first value
// that makes one, such as ingress.enabled: without an address, a staging is of little use.
func (s *Setup) renderRouted(ctx context.Context, c *importedChart) (render.RenderedChart, error) {
	tree := newMemoryFS(c.files)
	plain, err := s.Renderer.RenderChart(ctx, tree, c.chart)
	if err != nil || hasHosts(plain.Objects) {
		return plain, err
	}
	for _, on := range adopt.SwitchesOf(c.values) {
		tried := c.chart
		tried.Values = nested(strings.Split(on, "."), true)
		if routed, err := s.Renderer.RenderChart(ctx, tree, tried); err == nil && hasHosts(routed.Objects) {
			c.chart, c.switchedOn = tried, on
			return routed, nil
		}
	}
	return plain, nil
}

func hasHosts(objects []staging.Object) bool {
	return slices.ContainsFunc(objects, func(o staging.Object) bool { return len(staging.HostsOf(o)) > 0 })
}

// nested returns values with one value at a path of keys.
func nested(keys []string, value any) map[string]any {
	if len(keys) == 1 {
		return map[string]any{keys[0]: value}
	}
	return map[string]any{keys[0]: nested(keys[1:], value)}
}

// hostValues returns the paths of values that set all hosts of the chart, with the
// placeholder of each; nil if values do not set them. It renders the chart with other hosts
// to be sure.
func (s *Setup) hostValues(ctx context.Context, c importedChart, draft adopt.Draft) map[string]string {
	set, tried := map[string]string{}, c.chart
	for host, service := range draft.Hosts() {
		for _, at := range adopt.PathsOf(c.values, host) {
			if host != "" {
				set[at] = "{host." + service + "}"
				tried.Set = append(tried.Set, staging.ChartValue{Path: at, Value: service + "." + change.TrialName + ".example.com"})
			}
		}
	}
	if len(set) == 0 {
		return nil
	}
	rendered, err := s.Renderer.RenderChart(ctx, newMemoryFS(c.files), tried)
	if err != nil {
		return nil
	}
	for _, o := range rendered.Objects {
		for _, f := range staging.HostsOf(o) {
			if !strings.HasSuffix(f.Host, "."+change.TrialName+".example.com") {
				return nil
			}
		}
	}
	return set
}

// fsFiles provides the files of a directory to package helm.
type fsFiles struct{ fs.FS }

// List returns the names in a directory; those of directories end in a slash. It rejects
// symbolic links, which could leave the chart.
func (f fsFiles) List(dir string) ([]string, error) {
	entries, err := fs.ReadDir(f.FS, dir)
	var names []string
	for _, e := range entries {
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			return nil, staging.Errorf(staging.CodeInvalid, "%s is a symbolic link", path.Join(dir, e.Name())).
				WithHint("replace the link with the file: the env repo holds plain files")
		case e.IsDir():
			names = append(names, e.Name()+"/")
		default:
			names = append(names, e.Name())
		}
	}
	return names, err
}

// Read returns the content of a file.
func (f fsFiles) Read(file string) ([]byte, error) { return fs.ReadFile(f.FS, file) }
