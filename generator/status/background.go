package status

import (
	"context"
	"sync"
	"time"

	"octopod/generator/staging"
)

// How long an evaluation waits for Argo CD, and how long one request may take. An answer
// that comes later is used by the next evaluation.
const (
	watchGrace     = 200 * time.Millisecond
	findGrace      = 2 * time.Second
	requestTimeout = 10 * time.Second
)

// background asks Argo CD about single Applications, so that no evaluation waits for a
// slow Argo CD. It is safe for use by many goroutines.
type background[T any] struct {
	ctx     context.Context //nolint:containedctx // of the requests, which outlive an evaluation
	ask     func(ctx context.Context, application string) (T, error)
	grace   time.Duration
	arrived func(staging string) // called with an answer that no evaluation waited for; nil for nobody
	free    chan struct{}        // bounds concurrent requests
	running *sync.WaitGroup

	mu       sync.Mutex
	requests map[string]*request[T] // the last one of each Application
	late     int                    // running requests that no evaluation waits for
}

// request is the last request about one Application, with its last answer.
type request[T any] struct {
	done   chan struct{} // closed with the answer; nil when none runs
	late   bool          // no evaluation waits for it
	unused bool          // the answer was late, and no evaluation has used it
	answer T
	known  bool
}

// get returns the answer about an Application, the last known one while Argo CD is slow.
// known is false if there is none.
func (b *background[T]) get(ctx context.Context, app *staging.Application) (answer T, known bool) {
	r, done := b.request(app)
	if done != nil {
		timer := time.NewTimer(b.grace)
		defer timer.Stop()
		select {
		case <-done:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.done != nil && !r.late {
		r.late = true
		b.late++
	}
	r.unused = false
	return r.answer, r.known
}

// request starts a request, unless one runs or its answer is unused. It returns the
// channel to wait for: nil while another request is late, because Argo CD is slow then.
func (b *background[T]) request(app *staging.Application) (r *request[T], done <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r = b.requests[app.Name]
	if r == nil {
		r = &request[T]{}
		b.requests[app.Name] = r
	}
	if r.done != nil || r.unused {
		return r, nil
	}
	r.done = make(chan struct{})
	name, application := app.Staging, app.Name
	b.running.Go(func() { b.run(r, name, application) })
	if b.late > 0 {
		return r, nil
	}
	return r, r.done
}

func (b *background[T]) run(r *request[T], name, application string) {
	select {
	case b.free <- struct{}{}:
		defer func() { <-b.free }()
	case <-b.ctx.Done():
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, requestTimeout)
	defer cancel()
	answer, err := b.ask(ctx, application)
	b.mu.Lock()
	if r.late {
		b.late--
	}
	close(r.done)
	r.answer, r.known, r.unused = answer, err == nil, r.late
	r.done, r.late = nil, false
	arrived := r.unused
	b.mu.Unlock()
	if arrived && b.arrived != nil {
		b.arrived(name)
	}
}

// forget drops what is known of an Application.
func (b *background[T]) forget(application string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.requests[application]; r != nil && r.done == nil {
		delete(b.requests, application)
	}
}

// inquiry holds the requests to Argo CD that an Evaluator makes about single stagings.
type inquiry struct {
	pods     *background[[]staging.Pod]
	blocks   *background[staging.SyncBlock]
	remains  *background[staging.Remains]
	warnings *background[[]staging.Warning]
	running  sync.WaitGroup
}

func newInquiry(ctx context.Context, cluster Cluster, grace time.Duration, arrived func(staging string)) *inquiry {
	q := &inquiry{}
	free := make(chan struct{}, MaxConcurrent)
	// closures: a project without Argo CD has no cluster, and asks for nothing
	q.pods = newBackground(ctx, grace, arrived, free, &q.running, func(ctx context.Context, name string) ([]staging.Pod, error) { return cluster.Pods(ctx, name) })
	q.blocks = newBackground(ctx, grace, arrived, free, &q.running, func(ctx context.Context, name string) (staging.SyncBlock, error) { return cluster.SyncBlock(ctx, name) })
	q.remains = newBackground(ctx, grace, arrived, free, &q.running, func(ctx context.Context, name string) (staging.Remains, error) { return cluster.Remains(ctx, name) })
	q.warnings = newBackground(ctx, grace, arrived, free, &q.running, func(ctx context.Context, name string) ([]staging.Warning, error) { return cluster.Warnings(ctx, name) })
	return q
}

func newBackground[T any](ctx context.Context, grace time.Duration, arrived func(string), free chan struct{}, running *sync.WaitGroup, ask func(context.Context, string) (T, error)) *background[T] {
	return &background[T]{ctx: ctx, ask: ask, grace: grace, arrived: arrived, free: free, running: running, requests: map[string]*request[T]{}}
}

// AskInBackground makes the Evaluator read pods without waiting for a slow Argo CD.
// arrived is called, from any goroutine, with a staging to evaluate again. The requests
// end with ctx; the returned function waits for their end.
func (j *Evaluator) AskInBackground(ctx context.Context, arrived func(staging string)) (wait func()) {
	j.inquiry = newInquiry(ctx, j.Cluster, watchGrace, arrived)
	return j.inquiry.running.Wait
}

// Forget drops what the Evaluator remembers of a staging that is gone.
func (j *Evaluator) Forget(name string) {
	j.inquiry.pods.forget(j.Project.Application(name))
	j.inquiry.blocks.forget(j.Project.Application(name))
	j.inquiry.remains.forget(j.Project.Application(name))
	j.inquiry.warnings.forget(j.Project.Application(name))
}
