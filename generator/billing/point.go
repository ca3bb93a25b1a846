package billing

import (
	"context"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/cost"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// point returns what a staging needs from a moment on: as the commit says it, or else as its
// files render. An error means that the env repo cannot be read.
func (b *Billing) point(ctx context.Context, name string, m envrepo.Moment) (cost.Point, error) {
	if m.Gone {
		return cost.Point{At: m.At, Gone: true}, nil
	}
	key := content{name, m.Tree, m.Templates}
	b.mu.Lock()
	p, priced := b.priced.Get(key)
	b.mu.Unlock()
	if !priced {
		var err error
		if p, err = b.price(ctx, name, m); err != nil {
			return p, err
		}
		b.mu.Lock()
		b.priced.Put(key, p)
		b.mu.Unlock()
	}
	p.At = m.At
	return p, nil
}

func (b *Billing) price(ctx context.Context, name string, m envrepo.Moment) (cost.Point, error) {
	if p, said := saidBy(name, m); said {
		return p, nil
	}
	p, err := b.render(ctx, name, m)
	if err != nil && (catalog.IsRepoFault(err) || ctx.Err() != nil) {
		return p, err
	}
	p.Unknown = err != nil
	return p, nil
}

// saidBy reads what Octopod wrote into the message of a commit when it rendered the staging.
func saidBy(name string, m envrepo.Moment) (p cost.Point, said bool) {
	state, need, _ := strings.Cut(m.Requests, " ")
	if m.Verb == "" || m.Staging != name || m.Template || !slices.Contains([]staging.State{staging.Active, staging.Archived, staging.Deleting}, staging.State(state)) {
		return p, false
	}
	n, err := cost.ParseNeed(need)
	return cost.Point{State: staging.State(state), Need: n}, err == nil
}

// render reads the record of a staging at a moment, and renders its committed files.
func (b *Billing) render(ctx context.Context, name string, m envrepo.Moment) (cost.Point, error) {
	p := cost.Point{State: staging.Active}
	tree, err := b.catalog.Repo.TreeOf(ctx, m)
	if err != nil {
		return p, err
	}
	if err := tree.Prefetch(ctx, project.File, "templates", "jsonnet", staging.Dir(name)); err != nil {
		return p, err
	}
	at, err := tree.Project()
	if err != nil {
		return p, err
	}
	record, err := tree.Staging(name)
	if err != nil {
		return p, err
	}
	p.State = record.Spec.State
	objects, err := b.catalog.CommittedObjects(ctx, tree, at, name)
	if err != nil {
		return p, err
	}
	p.Need, err = cost.NeedOf(objects)
	return p, err
}

// attribution returns the branch and the author in the last record of a life; of one that
// cannot be read, the author of its first commit.
func (b *Billing) attribution(ctx context.Context, name string, moments []envrepo.Moment) (branch, author string) {
	for _, m := range slices.Backward(moments) {
		if m.Gone || m.Template {
			continue
		}
		tree, err := b.catalog.Repo.TreeOf(ctx, m)
		if err != nil {
			break
		}
		if record, err := tree.Staging(name); err == nil {
			return record.Spec.Branch, project.Author(record)
		}
	}
	return "", moments[0].By.Name
}
