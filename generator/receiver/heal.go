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
	f.mu.Lock()
	before := f.heads
	f.mu.Unlock()
	events, heads, err := f.stagings.missed(ctx, before)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heads = heads
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

// missed lists the heads that active stagings should run and do not, and those of
// branches that came since the heads before were read. Who holds a staging at its
// version pins it.
func (g *Receiver) missed(ctx context.Context, before catalog.BranchHeads) ([]branch.Event, catalog.BranchHeads, error) {
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
	heads, known := g.AllHeads(ctx, builtRepositories(p)), map[string]bool{}
	var events []branch.Event
	for _, name := range names {
		record, err := tree.Staging(name)
		if err != nil {
			continue // nobody's to move
		}
		known[record.Spec.Branch] = true
		if record.Spec.State == staging.Active && record.Spec.Pinned == nil {
			events = append(events, behind(p, record, heads)...)
		}
	}
	return append(events, appeared(before, heads, known)...), heads, nil
}

// appeared lists the branches that are new since the heads before, and have no
// staging. Where nothing was read before, none is known to be new: that many of
// them have no staging may be as it should.
func appeared(before, heads catalog.BranchHeads, known map[string]bool) []branch.Event {
	var events []branch.Event
	for _, repository := range slices.Sorted(maps.Keys(heads)) {
		for _, name := range slices.Sorted(maps.Keys(heads[repository])) {
			if _, was := before[repository][name]; !was && before[repository] != nil && !known[name] {
				events = append(events, missedPush(repository, name, heads[repository][name]))
			}
		}
	}
	return events
}

func missedPush(repository, name, head string) branch.Event {
	u, _ := giturl.ParseRepository(repository)
	return branch.Event{
		Kind: branch.Pushed, Repository: cmp.Or(u.Repository(), giturl.Redact(repository)), Branch: name, Commit: head,
		By: staging.Person{Name: "Octopod"},
	}
}

// behind lists the heads that one staging should run and does not.
func behind(p *project.Project, r staging.Staging, heads catalog.BranchHeads) []branch.Event {
	var events []branch.Event
	told := map[string]bool{}
	for _, name := range p.ServiceNames() {
		declared, runs := p.Spec.Services[name], r.Spec.Services[name]
		head := heads[declared.Repository][r.Spec.Branch]
		if head == "" || declared.Build == "" || told[declared.Repository] || runs.From != staging.FromBranch || runs.Branch != "" || SameCommit(head, runs.Commit) {
			continue
		}
		told[declared.Repository] = true
		events = append(events, missedPush(declared.Repository, r.Spec.Branch, head))
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
