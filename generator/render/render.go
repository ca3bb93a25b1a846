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

// Options configures a Renderer; the zero value is valid.
type Options struct {
	// Workers limits the concurrent renders. Default: the number of cores.
	Workers int
	// Timeout limits one render. Default 10s.
	Timeout time.Duration
	// MaxMemory limits one evaluation, in bytes. Default 512 MiB.
	MaxMemory int64
	// CacheSize limits the cache of results, in bytes. Default 8 MiB; negative disables the cache.
	CacheSize int64
	// Sandbox returns the command of a process whose main calls ServeWorker; the
	// Renderer sets stdin, stdout and stderr. Up to Workers such processes evaluate
	// jsonnet, one template at a time, and are killed when they exceed a limit. If
	// Sandbox is nil, the Renderer evaluates in its own process, where it abandons
	// a template that exceeds a limit but cannot stop it: for trusted templates only.
	Sandbox func(ctx context.Context) *exec.Cmd
	// SandboxKustomize also builds kustomizations in these processes. A process
	// that builds more than one must set it. A process that exits after one build
	// is faster without it, and a build that exceeds a limit ends with the process.
	SandboxKustomize bool
}

// Renderer evaluates templates. It is safe for concurrent use.
type Renderer struct {
	options Options
	slots   chan struct{} // one for each running render
	pool    evaluatorPool // also for kustomize, with SandboxKustomize
	results resultCache

	mu        sync.Mutex
	snapshots []*cachedSnapshot // most recently used first
}

type cachedSnapshot struct {
	hash string
	*snapshot
}

// maxSnapshots limits the revisions in memory: the tip, and a few revisions to compare
// it with.
const maxSnapshots = 4

// New returns a Renderer. Close it to end its processes.
func New(o Options) *Renderer {
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.MaxMemory = cmp.Or(o.MaxMemory, 512<<20)
	o.CacheSize = cmp.Or(o.CacheSize, 8<<20)
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

// Close ends the sandbox processes. Running renders fail.
func (r *Renderer) Close() error { return r.pool.close() }

// Render evaluates envs/<name> of the tree, with source in place of the files there. It
// returns canonical objects in a total order; equal input returns equal objects. If the
// tree is a TreeHasher, Render caches results.
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
	objects, err := r.run(ctx, v, v.dir, r.evaluatesInProcess(p), build)
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

// run builds within the limits of a template, as soon as a slot is free. main names the
// template in errors.
func (r *Renderer) run(ctx context.Context, v *view, main string, inProcess bool, build engine) ([]staging.Object, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if inProcess {
		var stop context.CancelFunc
		ctx, stop = withMemoryLimit(ctx, main, r.options.MaxMemory)
		defer stop()
	}
	return r.buildWithTimeout(ctx, v, main, build)
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

// evaluatesInProcess reports whether the evaluation uses the memory of this process.
func (r *Renderer) evaluatesInProcess(p *project.Project) bool {
	return r.options.Sandbox == nil || p.Spec.Engine == project.EngineKustomize && !r.options.SandboxKustomize
}

// buildWithTimeout abandons a build that takes too long. The slot of the build stays
// taken until the build ends, so that abandoned builds cannot accumulate.
func (r *Renderer) buildWithTimeout(ctx context.Context, v *view, main string, build engine) ([]staging.Object, error) {
	type outcome struct {
		objects []staging.Object
		err     error
	}
	limit, cancel := context.WithTimeoutCause(ctx, r.options.Timeout, timeoutError(main, r.options.Timeout))
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

const recursionHint = "look for an endless recursion"

// snapshotOf returns the cached snapshot of a revision, or a new one.
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
