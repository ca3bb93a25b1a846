package helm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// Result is a rendered chart.
type Result struct {
	Objects []map[string]any // in the order of Helm's installation; numbers are json.Number
	Notes   []string         // what differs from an installation with Helm, one sentence each
}

// Render renders a chart of the env repo.
func Render(c staging.Chart, files Files) (Result, error) {
	contents, err := Contents(files, c.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Result{}, err
	}
	if !slices.ContainsFunc(contents, func(f staging.File) bool { return f.Path == chartFile }) {
		return Result{}, fault(staging.Problem{File: c.Path, Message: "there is no chart in this directory: it has no " + chartFile})
	}
	r := rendering{Chart: c, contents: contents}
	if r.user, err = userValues(c, files); err != nil {
		return Result{}, err
	}
	p, rendered, err := r.renderSame()
	if err != nil {
		return Result{}, err
	}
	return r.result(p, rendered)
}

// rendering is a chart during its rendering.
type rendering struct {
	staging.Chart
	contents []staging.File
	user     []byte // values of the user as JSON; a template may change the decoded ones
}

// prepared is a chart with the values of one rendering.
type prepared struct {
	*chart.Chart
	values map[string]any // of the user
	top    chartutil.Values
	caps   *chartutil.Capabilities
}

// prepare loads the chart and computes its values, as `helm template` does.
func (r rendering) prepare() (prepared, error) {
	p := prepared{}
	var err error
	if p.Chart, err = load(r.Path, r.contents); err != nil {
		return p, err
	}
	if p.caps, err = r.capabilities(p.Chart); err != nil {
		return p, err
	}
	if err := json.Unmarshal(r.user, &p.values); err != nil {
		return p, err
	}
	if err := r.setValues(&p); err != nil {
		return p, err
	}
	if err := chartutil.ProcessDependenciesWithMerge(p.Chart, p.values); err != nil {
		return p, fault(staging.Problem{File: path.Join(r.Path, chartFile), Field: "dependencies", Message: err.Error()})
	}
	options := chartutil.ReleaseOptions{Name: r.Release, Namespace: r.Namespace, Revision: 1, IsInstall: true}
	if p.top, err = chartutil.ToRenderValuesWithSchemaValidation(p.Chart, p.values, options, p.caps, true); err != nil {
		return p, fault(staging.Problem{File: r.Path, Message: err.Error()})
	}
	values, _ := p.top["Values"].(chartutil.Values)
	return p, r.checkSchemas(p.Chart, values)
}

// capabilities returns the Kubernetes that a chart is rendered for, and rejects a chart for
// another one.
func (r rendering) capabilities(c *chart.Chart) (*chartutil.Capabilities, error) {
	caps := chartutil.DefaultCapabilities.Copy()
	version, err := chartutil.ParseKubeVersion(r.KubeVersion)
	if err != nil {
		return nil, fault(staging.Problem{Field: "spec.helm.kubeVersion", Message: fmt.Sprintf("%q is not a version of Kubernetes: write 1.31", r.KubeVersion)})
	}
	caps.KubeVersion = *version
	caps.APIVersions = append(slices.Clone(caps.APIVersions), r.APIVersions...)
	if wanted := c.Metadata.KubeVersion; wanted != "" && !chartutil.IsCompatibleRange(wanted, version.String()) {
		return nil, fault(staging.Problem{
			File: path.Join(r.Path, chartFile), Field: "kubeVersion",
			Message: fmt.Sprintf("the chart is for Kubernetes %s, and spec.helm.kubeVersion in octopod.yaml is %s", wanted, r.KubeVersion),
		})
	}
	return caps, nil
}

// renderOnce renders the templates, and returns the texts by the names of their files.
func (r rendering) renderOnce(p prepared) (map[string]string, error) {
	rendered, err := (engine.Engine{}).Render(p.Chart, p.top)
	if err != nil {
		return nil, r.templateFault(p.Chart, err)
	}
	maps.DeleteFunc(rendered, func(name, _ string) bool { return strings.HasSuffix(name, "NOTES.txt") })
	return rendered, nil
}

// result sorts the objects of the rendered files, and turns hooks into sync waves.
func (r rendering) result(p prepared, rendered map[string]string) (Result, error) {
	hooks, manifests, err := releaseutil.SortManifests(rendered, nil, releaseutil.InstallOrder)
	if err != nil {
		return Result{}, r.templateFault(p.Chart, err)
	}
	out := Result{Notes: r.notes(p)}
	for _, m := range manifests {
		objects, err := r.decode(p.Chart, m.Name, m.Content)
		if err != nil {
			return Result{}, err
		}
		out.Objects = append(out.Objects, objects...)
	}
	w := waves{main: out.Objects}
	for _, h := range hooks {
		objects, err := r.decode(p.Chart, h.Path, h.Manifest)
		if err != nil {
			return Result{}, err
		}
		w.add(h, objects)
	}
	out.Objects, out.Notes = w.arrange(out.Notes)
	return out, nil
}

// decode decodes a manifest, and removes what the staging sets itself: its Namespace, and
// the namespace of an object.
func (r rendering) decode(c *chart.Chart, file, manifest string) ([]map[string]any, error) {
	text, err := yaml.YAMLToJSON([]byte(manifest))
	if err != nil {
		return nil, r.templateFault(c, fmt.Errorf("YAML parse error on %s: %w", file, err))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	objects, ok := flatten(value)
	if !ok {
		return nil, fault(staging.Problem{File: r.fileOf(c, file), Message: "the template has a document that is no Kubernetes object"})
	}
	objects = slices.DeleteFunc(objects, func(o map[string]any) bool { return o["kind"] == "Namespace" })
	for _, o := range objects {
		if meta, ok := o["metadata"].(map[string]any); ok && meta["namespace"] == r.Namespace {
			delete(meta, "namespace")
		}
	}
	return objects, nil
}

// flatten returns the objects of a document, which may be a List. An empty document has none.
func flatten(value any) ([]map[string]any, bool) {
	if value == nil {
		return nil, true
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	kind, _ := object["kind"].(string)
	items, isList := object["items"].([]any)
	if !isList || !strings.HasSuffix(kind, "List") {
		return []map[string]any{object}, kind != ""
	}
	var all []map[string]any
	for _, item := range items {
		objects, ok := flatten(item)
		if !ok {
			return nil, false
		}
		all = append(all, objects...)
	}
	return all, true
}

// userValues merges the files with values and the values of octopod.yaml. It returns them as
// JSON, because every rendering needs values of its own.
func userValues(c staging.Chart, files Files) ([]byte, error) {
	all := map[string]any{}
	for _, name := range c.ValueFiles {
		data, err := files.Read(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fault(staging.Problem{Field: c.Field + ".valueFiles", Message: "there is no " + name + " in the env repo"})
		} else if err != nil {
			return nil, err
		}
		values, err := chartutil.ReadValues(data)
		if err != nil {
			return nil, fault(yamlProblem(name, err))
		}
		all = MergeValues(all, values)
	}
	return json.Marshal(MergeValues(all, c.Values))
}

// MergeValues merges values as Helm merges several files: maps key by key, and everything else
// as a whole. It changes neither.
func MergeValues(below, above map[string]any) map[string]any {
	merged := maps.Clone(below)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range above {
		upper, isMap := value.(map[string]any)
		lower, wasMap := merged[key].(map[string]any)
		if isMap && wasMap {
			value = MergeValues(lower, upper)
		}
		merged[key] = value
	}
	return merged
}
