package receiver

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"octopod/generator/branch"
	"octopod/generator/catalog"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// How often a Queue reconciles.
const (
	firstReconcile = time.Minute
	reconcileEvery = 10 * time.Minute
)

// reconcileLoop reconciles at intervals until ctx ends. Webhooks get lost in transit,
// and while no server runs.
func (f *Queue) reconcileLoop(ctx context.Context) {
	for pause := firstReconcile; ; pause = reconcileEvery {
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return
		}
		if err := f.Reconcile(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "cannot reconcile with the repositories", "error", err)
		}
	}
}

// Reconcile queues every push that no webhook delivered, as far as there is room.
func (f *Queue) Reconcile(ctx context.Context) error {
	f.mu.Lock()
	before := f.heads
	f.mu.Unlock()
	events, heads, err := f.receiver.lostPushes(ctx, before)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heads = heads
	for _, e := range events {
		_, waits := f.retries[retryKey{e.Repository, e.Branch}]
		if waits || f.closed || !f.hasRoom([]branch.Event{e}) {
			continue
		}
		t := &task{event: e, redelivered: true, lost: true, delivery: newDelivery(branch.Webhook{Event: "missed push"}, e, f.receiver.Now())}
		f.receiver.deliveries.add(t.delivery)
		f.enqueue(t)
	}
	return nil
}

// lostPushes returns push events that no webhook delivered: branches whose head
// differs from what their staging runs, and branches that appeared since the heads
// before. It skips pinned stagings.
func (g *Receiver) lostPushes(ctx context.Context, before catalog.BranchHeads) ([]branch.Event, catalog.BranchHeads, error) {
	tree, p, err := g.Latest(ctx)
	if err != nil || g.Heads == nil {
		return nil, nil, err
	}
	names, err := tree.Names()
	if err == nil {
		err = tree.PrefetchRecords(ctx, names)
	}
	if err != nil {
		return nil, nil, err
	}
	heads, known := g.AllHeads(ctx, repositoriesWithBuilds(p)), map[string]bool{}
	var events []branch.Event
	for _, name := range names {
		record, err := tree.Staging(name)
		if err != nil {
			continue // an unreadable record is left alone
		}
		known[record.Spec.Branch] = true
		if record.Spec.State == staging.Active && record.Spec.Pinned == nil {
			events = append(events, outdatedHeads(p, record, heads)...)
		}
	}
	return append(events, newBranches(before, heads, known)...), heads, nil
}

// newBranches returns push events for branches that are new since the heads before and
// have no staging. Without earlier heads it returns none: old branches may lack a
// staging on purpose.
func newBranches(before, heads catalog.BranchHeads, known map[string]bool) []branch.Event {
	var events []branch.Event
	for _, repository := range slices.Sorted(maps.Keys(heads)) {
		for _, name := range slices.Sorted(maps.Keys(heads[repository])) {
			if _, was := before[repository][name]; !was && before[repository] != nil && !known[name] {
				events = append(events, lostPush(repository, name, heads[repository][name]))
			}
		}
	}
	return events
}

// lostPush returns the push event of a branch that is at head.
func lostPush(repository, name, head string) branch.Event {
	u, _ := giturl.ParseRepository(repository)
	return branch.Event{
		Kind: branch.Pushed, Repository: cmp.Or(u.Repository(), giturl.Redact(repository)), Branch: name, Commit: head,
		By: staging.Person{Name: "Octopod"},
	}
}

// outdatedHeads returns push events for the services of one staging that run an older
// commit than the head of their branch.
func outdatedHeads(p *project.Project, r staging.Staging, heads catalog.BranchHeads) []branch.Event {
	var events []branch.Event
	reported := map[string]bool{}
	for _, name := range p.ServiceNames() {
		declared, runs := p.Spec.Services[name], r.Spec.Services[name]
		head := heads[declared.Repository][r.Spec.Branch]
		if head == "" || declared.Build == "" || reported[declared.Repository] || runs.From != staging.FromBranch || runs.Branch != "" || SameCommit(head, runs.Commit) {
			continue
		}
		reported[declared.Repository] = true
		events = append(events, lostPush(declared.Repository, r.Spec.Branch, head))
	}
	return events
}

// repositoriesWithBuilds lists the repositories whose pushes are deployed.
func repositoriesWithBuilds(p *project.Project) []string {
	var built []string
	for _, repository := range p.Repositories() {
		for _, service := range p.Spec.Services {
			if service.Repository == repository && service.Build != "" {
				built = append(built, repository)
				break
			}
		}
	}
	return built
}
