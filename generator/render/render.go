package render

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Options of a Renderer; the zero value is sound.
type Options struct {
	// Renders at once. Default: the cores.
	Workers int
	// Time for one render. Default 10s.
	Timeout time.Duration
	// Memory of one evaluation. Default 512 MiB.
	MaxMemory int64
	// Memory for results that may be asked for again. Default 64 MiB, negative for none.
	CacheSize int64
	// Sandbox makes the command of a process whose main calls ServeWorker;
	// stdin, stdout and stderr are the Renderer's. Each of up to Workers such
	// processes evaluates jsonnet, one template at a time, and is killed when it
	// exceeds a limit. nil evaluates in this process, where a template that
	// exceeds one is given up but not stopped: for trusted templates only.
	Sandbox func(ctx context.Context) *exec.Cmd
	// SandboxKustomize builds kustomizations in those processes as well, as
	// whoever builds more than one must. In a process that ends with its one
	// build, that is done before another process has started, and one that
	// exceeds a limit is given up and ends with the process.
	SandboxKustomize bool
}

// Renderer evaluates templates. It may be used by many goroutines at once.
type Renderer struct {
	options Options
	slots   chan struct{} // one for each render under way
	pool    evaluatorPool // kustomize as well, with SandboxKustomize
	results resultCache

	mu        sync.Mutex
	snapshots []*cachedSnapshot // the latest first
}

type cachedSnapshot struct {
	hash string
	*snapshot
}

// maxSnapshots is how many revisions stay in memory: the tip, and a few that
// are compared with it.
const maxSnapshots = 4

// New makes a Renderer. Close it to end its processes.
func New(o Options) *Renderer {
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.MaxMemory = cmp.Or(o.MaxMemory, 512<<20)
	o.CacheSize = cmp.Or(o.CacheSize, 64<<20)
	o.SandboxKustomize = o.SandboxKustomize && o.Sandbox != nil
	r := &Renderer{options: o, slots: make(chan struct{}, o.Workers)}
	r.results.limit = o.CacheSize
	if o.Sandbox != nil {
		r.pool = newWorkerPool(o)
	} else {
		r.pool = &localPool{}
	}
	return r
}

// Close ends the processes of the sandbox. Renders under way fail.
func (r *Renderer) Close() error { return r.pool.close() }

// Render evaluates envs/<name> of the tree with source laid over it. Objects
// come canonical and in a total order. Equal input gives equal objects; input
// that was rendered before costs nothing when the tree is a TreeHasher.
func (r *Renderer) Render(ctx context.Context, tree fs.FS, p *project.Project, name string, source []staging.File) ([]staging.Object, error) {
	build, err := r.engine(p)
	if err != nil {
		return nil, err
	}
	v := newView(r.snapshotOf(tree), name, source)
	key := resultKey(p, v)
	if objects, ok := r.results.get(key, v.base); ok {
		return objects, nil
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if r.evaluatesInProcess(p) {
		var stop context.CancelFunc
		ctx, stop = withMemoryLimit(ctx, v.dir, r.options.MaxMemory)
		defer stop()
	}
	objects, err := r.buildWithTimeout(ctx, v, build)
	if err != nil {
		return nil, err
	}
	sortObjects(objects)
	if err := checkSize(v.dir, objects); err != nil {
		return nil, err
	}
	r.results.put(key, v, objects)
	return objects, nil
}

type engine func(ctx context.Context, v *view) ([]staging.Object, error)

func (r *Renderer) engine(p *project.Project) (engine, error) {
	switch p.Spec.Engine {
	case project.EngineKustomize:
		return r.buildKustomize, nil
	case project.EngineJsonnet:
		return func(ctx context.Context, v *view) ([]staging.Object, error) { return r.buildJsonnet(ctx, p, v) }, nil
	}
	return nil, unknownEngine(p.Spec.Engine)
}

// evaluatesInProcess tells whether a template takes the memory of this process.
func (r *Renderer) evaluatesInProcess(p *project.Project) bool {
	return r.options.Sandbox == nil || p.Spec.Engine == project.EngineKustomize && !r.options.SandboxKustomize
}

// buildWithTimeout gives up a build that takes too long. Its slot is free again only
// when the build has really ended, so that builds nobody waits for cannot pile up.
func (r *Renderer) buildWithTimeout(ctx context.Context, v *view, build engine) ([]staging.Object, error) {
	type outcome struct {
		objects []staging.Object
		err     error
	}
	limit, cancel := context.WithTimeoutCause(ctx, r.options.Timeout, timeoutError(v.dir, r.options.Timeout))
	defer cancel()
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-r.slots }()
		objects, err := build(limit, v)
		done <- outcome{objects, err}
	}()
	select {
	case o := <-done:
		return o.objects, o.err
	case <-limit.Done():
		return nil, context.Cause(limit)
	}
}

func timeoutError(dir string, limit time.Duration) error {
	return staging.Errorf(staging.CodeInvalid, "the template of %s did not finish within %s", dir, limit).
		WithHint(recursionHint)
}

const recursionHint = "look for a function that calls itself without an end"

// snapshotOf gives what is already in memory of a revision.
func (r *Renderer) snapshotOf(tree fs.FS) *snapshot {
	s := newSnapshot(tree)
	hash, err := s.hash(".")
	if err != nil || hash == "" {
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, kept := range r.snapshots {
		if kept.hash == hash {
			copy(r.snapshots[1:i+1], r.snapshots[:i])
			r.snapshots[0] = kept
			return kept.snapshot
		}
	}
	r.snapshots = append([]*cachedSnapshot{{hash, s}}, r.snapshots...)
	if len(r.snapshots) > maxSnapshots {
		r.snapshots = r.snapshots[:maxSnapshots]
	}
	return s
}

var errClosed = errors.New("render: the renderer is closed")
