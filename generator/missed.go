package generator

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/branch"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// How often a Follower looks for what it was not told.
const (
	firstHeal = time.Minute
	healEvery = 10 * time.Minute
)

// heal looks, every now and then, for pushes that no webhook told of: they are
// lost on the way, or while no server runs.
func (f *Follower) heal(ctx context.Context) {
	for pause := firstHeal; ; pause = healEvery {
		select {
		case <-time.After(pause/2 + rand.N(pause)):
		case <-ctx.Done():
			return
		}
		if err := f.Heal(ctx); err != nil && ctx.Err() == nil {
			f.log.WarnContext(ctx, "looking for pushes that were missed", "error", err)
		}
	}
}

// Heal takes on every push that the stagings missed, as far as there is room.
func (f *Follower) Heal(ctx context.Context) error {
	events, err := f.stagings.missed(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range events {
		_, waits := f.waits[waitKey{e.Repository, e.Branch}]
		if waits || f.closed || !f.room([]branch.Event{e}) {
			continue
		}
		t := &task{event: e, late: true, missed: true, delivery: delivered(branch.Call{Event: "missed push"}, e, f.stagings.Now())}
		f.stagings.deliveries.add(t.delivery)
		f.enqueue(t)
	}
	return nil
}

// missed lists the heads that active stagings should run and do not. Who holds a
// staging at its version pins it.
func (g *Stagings) missed(ctx context.Context) ([]branch.Event, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	p, err := tree.Project()
	if err != nil || g.Heads == nil {
		return nil, err
	}
	names, err := tree.Names()
	if err == nil {
		err = tree.LoadRecords(ctx, names)
	}
	if err != nil {
		return nil, err
	}
	heads := g.allHeads(ctx, builtRepositories(p))
	var events []branch.Event
	for _, name := range names {
		record, err := tree.Staging(name)
		if err != nil || record.Spec.State != staging.Active || record.Spec.Pinned != nil {
			continue // one that cannot be read is nobody's to move
		}
		events = append(events, behind(p, record, heads)...)
	}
	return events, nil
}

// behind lists the heads that one staging should run and does not.
func behind(p *project.Project, r staging.Staging, heads map[string]map[string]string) []branch.Event {
	var events []branch.Event
	told := map[string]bool{}
	for _, name := range p.ServiceNames() {
		declared, runs := p.Spec.Services[name], r.Spec.Services[name]
		head := heads[declared.Repository][r.Spec.Branch]
		if head == "" || declared.Build == "" || told[declared.Repository] || runs.From != staging.FromBranch || runs.Branch != "" || sameCommit(head, runs.Commit) {
			continue
		}
		told[declared.Repository] = true
		events = append(events, branch.Event{
			Kind: branch.Pushed, Repository: cmp.Or(branch.Repository(declared.Repository), declared.Repository), Branch: r.Spec.Branch, Commit: head,
			By: staging.Person{Name: "Octopod"},
		})
	}
	return events
}

// builtRepositories are those whose pushes are deployed.
func builtRepositories(p *project.Project) []string {
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

// allHeads asks repositories side by side. One that does not answer is left out.
func (g *Stagings) allHeads(ctx context.Context, repositories []string) map[string]map[string]string {
	all := map[string]map[string]string{}
	var mu sync.Mutex
	var work errgroup.Group
	work.SetLimit(askedAtOnce)
	for _, repository := range repositories {
		work.Go(func() error {
			if heads, err := g.Heads.Heads(ctx, repository); err == nil {
				mu.Lock()
				defer mu.Unlock()
				all[repository] = heads
			}
			return nil
		})
	}
	_ = work.Wait() // nothing in it fails
	return all
}
