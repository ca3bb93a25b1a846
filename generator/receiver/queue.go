package receiver

import (
	"cmp"
	"context"
	"crypto/sha256"
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

// Follower lets the stagings follow webhooks: events of one branch one after the
// other, those of many branches side by side, so that what they commit goes out
// in one push. What it remembers is lost when it ends, and costs nothing but
// time: Heal finds out from the repositories what was missed.
type Follower struct {
	stagings  *Receiver
	committed func([]staging.PlanItem)
	log       *slog.Logger
	lanes     []chan *task
	work      sync.WaitGroup // tasks in the lanes, or being carried out

	mu     sync.Mutex
	closed bool
	known  *bounded.Map[string, struct{}] // ids and sums of webhooks
	heads  catalog.BranchHeads            // when Heal looked last
	waits  map[waitKey]*waiting
}

// How much a Follower has under way, and remembers.
const (
	lanes      = 16
	laneLength = 128
	mostKnown  = 10_000
)

// task is one event to be carried out.
type task struct {
	event    branch.Event
	id       string
	late     bool
	missed   bool // no webhook told of it
	body     [sha256.Size]byte
	delivery *Delivery
	wait     *waiting // nil the first time
}

// NewFollower makes the follower of some stagings. committed is told of every
// commit. It carries nothing out before Run.
func NewFollower(of *Receiver, committed func([]staging.PlanItem), log *slog.Logger) *Follower {
	f := &Follower{
		stagings: of, committed: committed, log: log,
		lanes: make([]chan *task, lanes), known: bounded.NewMap[string, struct{}](mostKnown), waits: map[waitKey]*waiting{},
	}
	for i := range f.lanes {
		f.lanes[i] = make(chan *task, laneLength)
	}
	return f
}

// Accept takes a webhook on, to be carried out soon; or refuses it whole, when too
// much is to be done already. One that was sent before is not taken on again,
// unless it failed. body tells one that was caught and sent under another id.
func (f *Follower) Accept(call branch.Call, body []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	sum := sha256.Sum256(body)
	if f.known.Has(call.ID) && call.ID != "" {
		return nil
	}
	late := f.known.Has(string(sum[:]))
	if f.closed || !f.room(call.Events) {
		return staging.Errorf(staging.CodeUnavailable, "too many webhooks are waiting to be carried out").WithHint("send it again in a minute")
	}
	f.known.Put(call.ID, struct{}{})
	f.known.Put(string(sum[:]), struct{}{})
	if len(call.Events) == 0 {
		f.stagings.deliveries.add(&Delivery{At: f.stagings.Now().UTC(), ID: call.ID, Host: call.Host, Event: call.Event, Outcome: OutcomeNothing, Text: nothingIn(call)})
	}
	for _, e := range call.Events {
		t := &task{event: e, id: call.ID, late: late, body: sum, delivery: delivered(call, e, f.stagings.Now())}
		f.stagings.deliveries.add(t.delivery)
		f.enqueue(t)
	}
	return nil
}

func nothingIn(call branch.Call) string {
	if call.Ping {
		return "the host asks whether somebody is here"
	}
	return "Octopod goes by branches, pull requests and images, and this is about none"
}

// Pending counts the events that are to be carried out, and those that wait for
// something.
func (f *Follower) Pending() (queued, waiting int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, lane := range f.lanes {
		queued += len(lane)
	}
	return queued, len(f.waits)
}

// lane is where the events of a branch are carried out, in their order.
func (f *Follower) lane(e branch.Event) chan *task {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.Branch)) // a hash never fails
	return f.lanes[h.Sum32()%lanes]
}

// room tells whether all events can be taken on. f.mu is held, and nobody else sends.
func (f *Follower) room(events []branch.Event) bool {
	return !slices.ContainsFunc(events, func(e branch.Event) bool { return cap(f.lane(e))-len(f.lane(e)) < len(events) })
}

// enqueue puts a task into its lane, which has room. f.mu is held.
func (f *Follower) enqueue(t *task) {
	f.work.Add(1)
	f.lane(t.event) <- t
}

// Run carries out what is accepted, for as long as ctx lasts.
func (f *Follower) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, lane := range f.lanes {
		work.Go(func() {
			for {
				select {
				case t := <-lane:
					f.carryOut(ctx, t)
					f.work.Done()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	work.Go(func() { f.watchWaiting(ctx) })
	work.Go(func() { f.heal(ctx) })
	work.Wait()
}

// Finish takes nothing on any more, and returns when everything that was is
// carried out, or ctx ends. What waits for an image is left to Heal.
func (f *Follower) Finish(ctx context.Context) {
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

// carryOut does what a task asks for. A record that changed meanwhile is looked
// at again.
func (f *Follower) carryOut(ctx context.Context, t *task) {
	if t.event.Kind == branch.ImagePushed {
		f.settle(t, Followed{Text: f.imageCame(t.event.Image)}, nil)
		return
	}
	const attempts = 3
	var done Followed
	var err error
	for range attempts {
		done, err = f.stagings.Follow(ctx, FollowRequest{
			Event: t.event, Late: t.late || t.wait != nil, Missed: t.missed, Request: t.id,
		})
		if staging.CodeOf(err) != staging.CodeConflict {
			break
		}
	}
	if done.Changed {
		f.committed(done.Plan)
	}
	f.settle(t, done, err)
}

// settle keeps what became of a task.
func (f *Follower) settle(t *task, done Followed, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stagings.deliveries.mu.Lock()
	defer f.stagings.deliveries.mu.Unlock()
	d := t.delivery
	d.Staging, d.Action, d.Text, d.Revision = cmp.Or(done.Staging, d.Staging), done.Verb, done.Text, done.Revision
	d.err = err
	switch {
	case err == nil && len(done.Awaits) > 0:
		f.postpone(t, done, "waiting for the image of "+strings.Join(slices.Sorted(maps.Keys(done.Awaits)), " and "))
	case err == nil && done.Changed:
		d.Outcome = OutcomeDone
	case err == nil:
		d.Outcome = OutcomeNothing
	case comesBack(err):
		f.postpone(t, done, err.Error())
	default:
		f.fail(t, err.Error())
	}
	if d.Outcome != OutcomeWaiting {
		f.forget(t)
	}
	f.log.Info("webhook", "host", d.Host, "event", d.Event, "repository", d.Repository, "branch", d.Branch, "outcome", d.Outcome, "staging", d.Staging, "text", d.Text)
}

// comesBack tells whether an error may be gone in a while.
func comesBack(err error) bool {
	return slices.Contains([]staging.Code{staging.CodeUnavailable, staging.CodeTimeout, staging.CodeConflict}, staging.CodeOf(err))
}

// fail gives a task up; the same webhook may be sent again. f.mu is held.
func (f *Follower) fail(t *task, why string) {
	t.delivery.Outcome, t.delivery.Text = OutcomeFailed, why
	f.known.Delete(t.id)
	f.known.Delete(string(t.body[:]))
}
