package render

import (
	"bytes"
	"context"
	"io/fs"
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Arrange returns the source files of a staging with everything that its objects need so
// that Argo CD can apply them in order, and again after each change. It renders source,
// the files of Source, to know the objects. A jsonnet template is not changed: there,
// octopod.libsonnet does the same.
func (r *Renderer) Arrange(ctx context.Context, tree fs.FS, p *project.Project, params staging.Params, source []staging.File) ([]staging.File, error) {
	if p.Spec.Engine != project.EngineKustomize {
		return source, nil
	}
	objects, err := r.Render(ctx, tree, p, params.Name, source)
	if err != nil {
		return nil, err
	}
	if params.State == staging.Deleting {
		if params.Kustomize.Arrangement.Ended, err = r.endedJobs(ctx, tree, p, params, source, objects); err != nil {
			return nil, err
		}
	}
	files, err := Source(p, arrange(params, objects))
	return withCharts(files, source), err
}

// endedJobs returns the Jobs that a teardown neither adds nor changes. Nothing of the
// template runs any more during a teardown, so they would fail, and the teardown with them.
func (r *Renderer) endedJobs(ctx context.Context, tree fs.FS, p *project.Project, params staging.Params, source []staging.File, objects []staging.Object) ([]string, error) {
	k := &params.Kustomize
	params.Database = nil // its Job is a part of the teardown
	k.Components = slices.DeleteFunc(slices.Clone(k.Components), func(dir string) bool { return dir == p.Spec.Lifecycle.Teardown })
	files, err := Source(p, params)
	if err != nil {
		return nil, err
	}
	before, err := r.Render(ctx, tree, p, params.Name, withCharts(files, source))
	if err != nil {
		return nil, err
	}
	var ended []string
	for _, o := range objects {
		same := func(b staging.Object) bool {
			return b.Kind == o.Kind && b.Name == o.Name && bytes.Equal(b.JSON, o.JSON)
		}
		if o.Kind == "Job" && slices.ContainsFunc(before, same) {
			ended = append(ended, o.Name)
		}
	}
	return ended, nil
}
