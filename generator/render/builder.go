package render

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// buildInSandbox builds a kustomization in a sandbox process.
func (r *Renderer) buildInSandbox(ctx context.Context, v *view) ([]staging.Object, error) {
	job := evaluation{Engine: project.EngineKustomize, Main: v.dir, Epoch: v.base.epoch()}
	out, err := r.pool.evaluate(ctx, job, viewFiles{v}.answer)
	if err != nil {
		return nil, err
	}
	v.recordInputs(out.inputs)
	return out.split()
}

// split returns the objects of a result.
func (e evaluationResult) split() ([]staging.Object, error) {
	objects, text := make([]staging.Object, 0, len(e.objects)), e.json
	for _, head := range e.objects {
		if head.Size < 0 || head.Size > len(text) {
			return nil, errors.New("the render worker sent an incomplete result")
		}
		objects = append(objects, staging.Object{
			APIVersion: head.APIVersion, Kind: head.Kind, Namespace: head.Namespace, Name: head.Name,
			JSON: text[:head.Size:head.Size],
		})
		text = text[head.Size:]
	}
	return objects, nil
}

// answer handles a request of a sandbox for a file of the view.
func (f viewFiles) answer(q fileRequest) fileResponse {
	var a fileResponse
	var err error
	switch q.Op {
	case opLocate:
		var file string
		a.At, file, err = f.locate(q.Name)
		a.Names = []string{file}
	case opRead:
		a.data, err = f.read(q.Name)
	case opEntries:
		a.Names, err = f.entries(q.Name)
	case opList:
		a.Names, err = f.list(q.Name)
	default:
		err = fmt.Errorf("unknown request %q of the worker", q.Op)
	}
	if err != nil {
		a.Error, a.Missing = err.Error(), errors.Is(err, fs.ErrNotExist)
	}
	a.Own = f.isOwn(q.Name)
	a.Looked = f.view.sharedInputs()
	return a
}

// isOwn reports whether a path leads to the staging's own directory.
func (f viewFiles) isOwn(name string) bool {
	inside, err := f.inTree(name)
	if err != nil || !isShared(inside) {
		return true
	}
	real, _, err := f.view.resolve(inside)
	if errors.Is(err, fs.ErrNotExist) {
		return false // a missing file is missing for all stagings
	}
	return err != nil || !isShared(real)
}

// builder builds one kustomization at a time. It caches files that all stagings share
// between builds of the same epoch.
type builder struct {
	epoch  string
	known  map[fileRequest]fileResponse
	inputs map[string]bool
}

func (b *builder) evaluate(job evaluation, answer fileHandler) (evaluationResult, error) {
	b.begin(job)
	objects, err := runKustomize(requestedFiles{b, answer}, job.Main)
	if err != nil {
		return evaluationResult{}, err
	}
	return b.result(objects)
}

// begin drops the files of another epoch.
func (b *builder) begin(job evaluation) {
	if b.known == nil || job.Epoch == "" || job.Epoch != b.epoch {
		b.epoch, b.known, b.inputs = job.Epoch, map[fileRequest]fileResponse{}, map[string]bool{}
	}
}

// result packs objects for the Renderer.
func (b *builder) result(objects []staging.Object) (evaluationResult, error) {
	out := evaluationResult{inputs: sortedKeys(b.inputs)}
	for _, o := range objects {
		out.objects = append(out.objects, objectHeader{o.APIVersion, o.Kind, o.Namespace, o.Name, len(o.JSON)})
		out.json = append(out.json, o.JSON...)
	}
	if len(out.json) > maxOutput {
		return evaluationResult{}, templateError(fmt.Sprintf("the objects are larger than %d MiB together", maxOutput>>20))
	}
	return out, nil
}

// requestedFiles requests files from the Renderer.
type requestedFiles struct {
	*builder
	answer fileHandler
}

func (f requestedFiles) request(op operation, name string) (fileResponse, error) {
	q := fileRequest{Op: op, Name: name}
	a, ok := f.known[q]
	if !ok {
		a = f.answer(q)
		if !a.Own && (a.Error == "" || a.Missing) {
			f.known[q] = a
		}
		for _, name := range a.Looked {
			f.inputs[name] = true
		}
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

func (f requestedFiles) locate(name string) (string, string, error) {
	a, err := f.request(opLocate, name)
	if err != nil || len(a.Names) != 1 {
		return "", "", cmp.Or(err, fs.ErrNotExist)
	}
	return a.At, a.Names[0], nil
}

func (f requestedFiles) read(name string) ([]byte, error) {
	a, err := f.request(opRead, name)
	return a.data, err
}

func (f requestedFiles) list(name string) ([]string, error) {
	a, err := f.request(opList, name)
	return a.Names, err
}
