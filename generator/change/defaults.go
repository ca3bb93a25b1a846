package change

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// newDefaults is what a deploy of a default branch means for all others: the
// images in octopod.yaml, and the stagings that follow them.
type newDefaults struct {
	changes   []staging.Difference
	project   []staging.File      // octopod.yaml; none when no default changes
	followers []envrepo.Directory // written out anew
	refused   []Regenerated       // those that would follow, and cannot
}

func (g *Writer) newDefaults(ctx context.Context, tree *envrepo.Tree, p *project.Project, s staging.Staging, a staging.Action) (newDefaults, error) {
	images := p.NewDefaultImages(s, a)
	if len(images) == 0 {
		return newDefaults{}, nil
	}
	if p.ChecksImages() {
		// octopod.yaml names the registries that are asked: a deploy must not add one.
		if err := named(p, slices.Sorted(maps.Values(images)), ""); err != nil {
			return newDefaults{}, err
		}
	}
	data, err := tree.ReadFile(project.File)
	if err != nil {
		return newDefaults{}, fmt.Errorf("reading %s: %w", project.File, err)
	}
	next, data, err := project.SetDefaultImages(data, images)
	if err != nil {
		return newDefaults{}, err
	}
	made := newDefaults{project: []staging.File{{Path: project.File, Data: data}}}
	for _, name := range p.ServiceNames() {
		if image, ok := images[name]; ok {
			made.changes = append(made.changes, staging.Difference{What: "default of " + name, From: p.Spec.Services[name].Image, To: image})
		}
	}
	if next.HasFollowers(images) {
		err = g.follow(ctx, tree, next, s.Name, images, &made)
	}
	return made, err
}

// follow writes out every other staging that runs an old default, side by side.
// One that fails stays as it is, and is named.
func (g *Writer) follow(ctx context.Context, tree *envrepo.Tree, p *project.Project, except string, images map[string]string, made *newDefaults) error {
	names, err := tree.Names()
	if err != nil {
		return err
	}
	if err := tree.PrefetchRecords(ctx, names); err != nil {
		return err
	}
	all := make([]follower, len(names))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		if name == except {
			continue
		}
		work.Go(func() error {
			all[i] = g.followOne(ctx, tree, p, name, images)
			return ctx.Err()
		})
	}
	if err := work.Wait(); err != nil {
		return fmt.Errorf("following the new default: %w", err)
	}
	for i, f := range all {
		switch {
		case f.err != nil:
			made.refused = append(made.refused, Regenerated{Name: names[i], Err: f.err})
		case len(f.changes) > 0:
			made.followers = append(made.followers, f.dir)
			made.changes = append(made.changes, f.changes...)
		}
	}
	return nil
}

// follower is a staging that follows a new default image.
type follower struct {
	changes []staging.Difference // none when it does not
	dir     envrepo.Directory
	err     error
}

func (g *Writer) followOne(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string, images map[string]string) follower {
	before, err := tree.Staging(name)
	if err != nil {
		return follower{} // nobody knows what it runs
	}
	after, changed := p.ApplyDefaultImages(before, images)
	if !changed {
		return follower{}
	}
	f := follower{changes: staging.Differences(&before, &after), dir: envrepo.Directory{Path: staging.Dir(name)}}
	for i := range f.changes {
		f.changes[i].What = name + " follows, " + f.changes[i].What
	}
	made, err := g.generate(ctx, tree, p, after, false)
	f.dir.Files, f.err = made.files, err
	return f
}
