package receiver

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"octopod/generator/bounded"
	"octopod/generator/branch"
	"octopod/generator/catalog"
	"octopod/generator/staging"
)

// Queue processes webhooks: the events of one branch in order, those of different
// branches in parallel, so that their commits share a push. Its contents are lost on
// restart; Reconcile then finds the lost pushes in the repositories.
type Queue struct {
	receiver *Receiver
	onCommit func([]staging.PlanItem)
	log      *slog.Logger
	workers  []chan *task
	work     sync.WaitGroup // tasks that are queued or in progress

	mu      sync.Mutex
	closed  bool
	seen    *bounded.Map[string, struct{}] // ids and checksums of accepted webhooks
	heads   catalog.BranchHeads            // as of the last Reconcile
	retries map[retryKey]*retry
}

// Bounds of a Queue.
const (
	workerCount = 16
	queueLength = 128
	maxSeen     = 10_000
)

// task is one event to process.
type task struct {
	event       branch.Event
	id          string
	redelivered bool
	lost        bool // found by Reconcile; no webhook delivered it
	body        [sha256.Size]byte
	delivery    *Delivery
	retry       *retry // nil on the first attempt
}

// NewQueue returns the queue of a Receiver. It calls onCommit after every commit, and
// processes nothing before Run.
func NewQueue(of *Receiver, committed func([]staging.PlanItem), log *slog.Logger) *Queue {
	f := &Queue{
		receiver: of, onCommit: committed, log: log,
		workers: make([]chan *task, workerCount), seen: bounded.NewMap[string, struct{}](maxSeen), retries: map[retryKey]*retry{},
	}
	for i := range f.workers {
		f.workers[i] = make(chan *task, queueLength)
	}
	return f
}

// Accept queues the events of a webhook, all or none: a full queue returns an error.
// It ignores a redelivery, unless the first delivery failed. The checksum of body
// detects a webhook that was captured and sent again under another id.
func (f *Queue) Accept(call branch.Webhook, body []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(body)
	if f.seen.Has(call.ID) && call.ID != "" {
		return nil
	}
	late := f.seen.Has(string(sum[:]))
	if f.closed || !f.hasRoom(call.Events) {
		return staging.Errorf(staging.CodeUnavailable, "the webhook queue is full").WithHint("send the webhook again in a minute")
	}
	f.seen.Put(call.ID, struct{}{})
	f.seen.Put(string(sum[:]), struct{}{})
	if len(call.Events) == 0 {
		f.receiver.deliveries.add(&Delivery{At: f.receiver.Now().UTC(), ID: call.ID, Host: call.Host, Event: call.Event, Outcome: OutcomeNothing, Text: ignoredReason(call)})
	}
	for _, e := range call.Events {
		t := &task{event: e, id: call.ID, redelivered: late, body: sum, delivery: newDelivery(call, e, f.receiver.Now())}
		f.receiver.deliveries.add(t.delivery)
		f.enqueue(t)
	}
	return nil
}

// ignoredReason returns why a webhook has no events.
func ignoredReason(call branch.Webhook) string {
	if call.Ping {
		return "a ping"
	}
	return fmt.Sprintf("Octopod has no use for this %q: it processes pushes, pull requests and images of its projects", call.Event)
}

// Reject logs an authentic webhook that cannot be decoded.
func (f *Queue) Reject(call branch.Webhook, err error) {
	f.receiver.deliveries.add(&Delivery{
		At: f.receiver.Now().UTC(), ID: call.ID, Host: call.Host, Event: call.Event, Outcome: OutcomeFailed, Text: err.Error(), err: err,
	})
}

// Pending counts the queued events, and the events that wait for a retry.
func (f *Queue) Pending() (queued, waiting int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, worker := range f.workers {
		queued += len(worker)
	}
	return queued, len(f.retries)
}

// workerFor returns the worker of a branch, which keeps its events in order.
func (f *Queue) workerFor(e branch.Event) chan *task {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.Branch)) // a hash never fails
	return f.workers[h.Sum32()%workerCount]
}

// hasRoom reports whether all events fit. f.mu is held: nobody else sends.
func (f *Queue) hasRoom(events []branch.Event) bool {
	return !slices.ContainsFunc(events, func(e branch.Event) bool { return cap(f.workerFor(e))-len(f.workerFor(e)) < len(events) })
}

// enqueue sends a task to its worker, which has room. f.mu is held.
func (f *Queue) enqueue(t *task) {
	f.work.Add(1)
	f.workerFor(t.event) <- t
}

// Run processes tasks until ctx ends.
func (f *Queue) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, worker := range f.workers {
		work.Go(func() {
			for {
				select {
				case t := <-worker:
					f.process(ctx, t)
					f.work.Done()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	work.Go(func() { f.retryLoop(ctx) })
	work.Go(func() { f.reconcileLoop(ctx) })
	work.Wait()
}

// Finish stops accepting webhooks, and returns when every queued task is processed or
// ctx ends. Retries are left to the next Reconcile.
func (f *Queue) Finish(ctx context.Context) {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	done := make(chan struct{})
	go func() {
		f.work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// process processes a task. It tries again when the record changed meanwhile.
func (f *Queue) process(ctx context.Context, t *task) {
	if t.event.Kind == branch.ImagePushed {
		f.finish(t, ProcessResult{Text: f.onImage(t.event.Image)}, nil)
		return
	}
	const attempts = 3
	var done ProcessResult
	var err error
	for range attempts {
		done, err = f.receiver.Process(ctx, ProcessRequest{
			Event: t.event, Redelivered: t.redelivered || t.retry != nil, Lost: t.lost, Request: t.id,
		})
		if staging.CodeOf(err) != staging.CodeConflict {
			break
		}
	}
	if done.Changed {
		f.onCommit(done.Plan)
	}
	f.finish(t, done, err)
}

// finish records the outcome of a task, and schedules its retry if it needs one.
func (f *Queue) finish(t *task, done ProcessResult, err error) {
	f.mu.Lock()
	outcome, text := f.outcomeOf(t, done, err)
	if outcome != OutcomeWaiting {
		f.cancelRetry(t)
	}
	f.mu.Unlock()
	d := f.receiver.deliveries.update(t.delivery, func(d *Delivery) {
		d.Staging, d.Action, d.Revision = cmp.Or(done.Staging, d.Staging), done.Verb, done.Revision
		d.Outcome, d.Text, d.err = outcome, text, err
	})
	f.log.Info("webhook", "host", d.Host, "event", d.Event, "repository", d.Repository, "branch", d.Branch, "outcome", d.Outcome, "staging", d.Staging, "text", d.Text)
}

// outcomeOf returns the outcome and the text of a task. f.mu is held.
func (f *Queue) outcomeOf(t *task, done ProcessResult, err error) (Outcome, string) {
	switch {
	case err == nil && len(done.Awaits) > 0:
		return f.retryLater(t, done, "waiting for the image of "+strings.Join(slices.Sorted(maps.Keys(done.Awaits)), " and "))
	case err == nil && done.Changed:
		return OutcomeDone, done.Text
	case err == nil:
		return OutcomeNothing, done.Text
	case isTransient(err):
		return f.retryLater(t, done, err.Error())
	}
	return f.giveUp(t, err.Error())
}

// isTransient reports whether an operation that failed may succeed later.
func isTransient(err error) bool {
	return slices.Contains([]staging.Code{staging.CodeUnavailable, staging.CodeTimeout, staging.CodeConflict, staging.CodeBusy}, staging.CodeOf(err))
}

// giveUp fails a task, and accepts a redelivery of its webhook. f.mu is held.
func (f *Queue) giveUp(t *task, why string) (Outcome, string) {
	f.seen.Delete(t.id)
	f.seen.Delete(string(t.body[:]))
	return OutcomeFailed, why
}
