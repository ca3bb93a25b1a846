package render

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"strings"

	"octopod/generator/helm"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// engineHelm evaluates a chart. It is no engine of a project: charts are part of a
// kustomization.
const engineHelm project.Engine = "helm"

// RenderedChart is the result of rendering a Helm chart.
type RenderedChart struct {
	Objects []staging.Object
	Notes   []string // what differs from an installation with Helm
}

// Source returns the files of the engine in envs/<name>, like the function Source, with the
// objects of the Helm charts rendered from the tree.
func (r *Renderer) Source(ctx context.Context, tree fs.FS, p *project.Project, params staging.Params) ([]staging.File, error) {
	files, err := Source(p, params)
	if err != nil || len(params.Kustomize.Charts) == 0 {
		return files, err
	}
	var objects []staging.Object
	for _, chart := range params.Kustomize.Charts {
		of, err := r.chartObjects(ctx, tree, params.Name, chart)
		if err != nil {
			return nil, err
		}
		objects = append(objects, of...)
	}
	sortObjects(objects)
	text, err := Manifests(objects)
	return append(files, staging.File{Path: chartPath(params.Name), Data: text}), err
}

func chartPath(name string) string { return path.Join(staging.Dir(name), staging.ChartFile) }

// withCharts adds the objects of charts in source to other files of the same staging.
func withCharts(files, source []staging.File) []staging.File {
	for _, f := range source {
		if path.Base(f.Path) == staging.ChartFile {
			files = append(files, f)
		}
	}
	return files
}

// chartObjects returns the objects of a chart, from the cache if nothing has changed.
func (r *Renderer) chartObjects(ctx context.Context, tree fs.FS, name string, chart staging.Chart) ([]staging.Object, error) {
	text, err := json.Marshal(chart)
	if err != nil {
		return nil, err
	}
	v := newView(r.snapshotOf(tree), name, nil)
	key := sha256.Sum256(append([]byte(engineHelm), text...))
	if objects, ok := r.results.get(key, v.base); ok {
		return objects, nil
	}
	rendered, err := r.renderChart(ctx, v, chart.Path, text)
	if err == nil {
		r.results.put(key, v, rendered.Objects)
	}
	return rendered.Objects, err
}

// RenderChart renders a Helm chart of the tree within the limits of a template.
func (r *Renderer) RenderChart(ctx context.Context, tree fs.FS, chart staging.Chart) (RenderedChart, error) {
	text, err := json.Marshal(chart)
	if err != nil {
		return RenderedChart{}, err
	}
	return r.renderChart(ctx, newView(r.snapshotOf(tree), "chart", nil), chart.Path, text)
}

func (r *Renderer) renderChart(ctx context.Context, v *view, dir string, text []byte) (RenderedChart, error) {
	var out evaluationResult
	objects, err := r.run(ctx, v, dir, r.options.Sandbox == nil, func(ctx context.Context, v *view) ([]staging.Object, error) {
		job := evaluation{Engine: engineHelm, Main: dir, Epoch: v.base.epoch(), text: text}
		var err error
		if out, err = r.pool.evaluate(ctx, job, viewFiles{v}.answer); err != nil {
			return nil, chartError(v, dir, err)
		}
		v.recordInputs(out.inputs)
		return out.split()
	})
	if err != nil {
		return RenderedChart{}, err
	}
	return RenderedChart{objects, out.notes}, checkSize(dir, objects)
}

// chartError returns the violation of a view, or a fault in a chart as an error of its
// directory.
func chartError(v *view, dir string, err error) error {
	if v.violation != nil {
		return v.violation
	}
	var explained *staging.Error
	if errors.As(err, &explained) {
		for i, p := range explained.Problems {
			if p.File == "" && strings.HasPrefix(p.Field, "spec.") {
				explained.Problems[i].File = project.File
			}
		}
		return explained
	}
	var fault templateError
	if errors.As(err, &fault) {
		return &staging.Error{
			Code: staging.CodeInvalid, Message: "the chart cannot be rendered",
			Problems: []staging.Problem{{File: dir, Message: string(fault)}},
		}
	}
	return err
}

// evaluateChart renders a chart in a sandbox.
func (b *builder) evaluateChart(job evaluation, answer fileHandler) (evaluationResult, error) {
	b.begin(job)
	var chart staging.Chart
	if err := json.Unmarshal(job.text, &chart); err != nil {
		return evaluationResult{}, err
	}
	rendered, err := helm.Render(chart, chartFiles{requestedFiles{b, answer}})
	if err != nil {
		return evaluationResult{}, err
	}
	objects := make([]staging.Object, 0, len(rendered.Objects))
	for _, value := range rendered.Objects {
		o, err := newObject(value)
		if err != nil {
			return evaluationResult{}, templateError(err.Error())
		}
		objects = append(objects, o)
	}
	sortObjects(objects)
	out, err := b.result(objects)
	out.notes = rendered.Notes
	return out, err
}

// chartFiles provides the files of a chart.
type chartFiles struct{ requestedFiles }

// List returns the names in a directory; those of directories end in a slash.
func (f chartFiles) List(dir string) ([]string, error) {
	a, err := f.request(opEntries, path.Join(mountPoint, dir))
	return a.Names, missing(dir, a, err)
}

// Read returns the content of a file.
func (f chartFiles) Read(file string) ([]byte, error) {
	a, err := f.request(opRead, path.Join(mountPoint, file))
	return a.data, missing(file, a, err)
}

// missing returns the error of a response, which is fs.ErrNotExist for a missing file.
func missing(name string, a fileResponse, err error) error {
	if a.Missing {
		return &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	}
	return err
}

// entries returns the names in a directory; those of directories end in a slash.
func (f viewFiles) entries(name string) ([]string, error) {
	names, err := f.list(name)
	for i := range names {
		_, file, err := f.locate(path.Join(name, names[i]))
		if err != nil {
			return nil, err
		}
		if file == "" {
			names[i] += "/"
		}
	}
	return names, err
}
