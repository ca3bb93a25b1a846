package render

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/google/go-jsonnet"
)

// maxUses limits the evaluations in one virtual machine, because its caches grow with
// the params of each.
const maxUses = 500

// maxStack limits the call depth; it equals jsonnet's default.
const maxStack = 500

// evaluator evaluates one template at a time. It caches parsed and evaluated libraries
// between evaluations of the same epoch.
type evaluator struct {
	epoch   string
	uses    int
	vm      *jsonnet.VM
	imports *vmImports
}

func (e *evaluator) evaluate(job evaluation, answer fileHandler) (evaluationResult, error) {
	if e.vm == nil || job.Epoch == "" || job.Epoch != e.epoch || e.uses >= maxUses {
		e.reset(job.Epoch)
	}
	e.uses++
	e.imports.main, e.imports.answer = job, answer
	out, err := e.vm.EvaluateFile(job.Main)
	if err != nil {
		e.vm = nil // its caches hold the error
		return evaluationResult{}, templateError(err.Error())
	}
	if len(out) > maxOutput {
		return evaluationResult{}, templateError(fmt.Sprintf("the objects are larger than %d MiB together", maxOutput>>20))
	}
	return evaluationResult{json: []byte(out), inputs: sortedKeys(e.imports.inputs)}, nil
}

func (e *evaluator) reset(epoch string) {
	e.epoch, e.uses = epoch, 0
	e.imports = &vmImports{contents: map[string]jsonnet.Contents{}, inputs: map[string]bool{}}
	e.vm = jsonnet.MakeVM()
	e.vm.MaxStack = maxStack
	e.vm.SetTraceOut(io.Discard)
	e.vm.Importer(e.imports)
}

// vmImports caches library files in a virtual machine, but not the files of single
// stagings: it adds a hash of the content to their names.
type vmImports struct {
	main     evaluation
	answer   fileHandler
	contents map[string]jsonnet.Contents
	inputs   map[string]bool
}

func (i *vmImports) Import(from, name string) (jsonnet.Contents, string, error) {
	f := fileResponse{At: name, Own: true, data: i.main.text}
	if from != "" { // "" for the main file
		f = i.answer(fileRequest{Op: opImport, From: contentSuffix.ReplaceAllString(from, ""), Name: name})
	}
	if f.Error != "" {
		return jsonnet.Contents{}, "", errors.New(f.Error)
	}
	for _, name := range f.Looked {
		i.inputs[name] = true
	}
	at := f.At
	if f.Own {
		at = fmt.Sprintf("%s#%x", at, sha256.Sum256(f.data))[:len(at)+17]
	}
	contents, ok := i.contents[at]
	if !ok {
		contents = jsonnet.MakeContentsRaw(f.data)
		i.contents[at] = contents
	}
	return contents, at, nil
}

// localPool is the evaluatorPool of this process.
type localPool struct {
	mu   sync.Mutex
	idle []*engines
}

func (p *localPool) evaluate(_ context.Context, e evaluation, answer fileHandler) (evaluationResult, error) {
	one := p.acquire()
	out, err := one.evaluate(e, answer)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, one)
	return out, err
}

func (p *localPool) acquire() *engines {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last < 0 {
		return &engines{}
	}
	one := p.idle[last]
	p.idle = p.idle[:last]
	return one
}

func (p *localPool) close() error { return nil }
