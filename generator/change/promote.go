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
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// promotion is what a deploy of a default branch changes beyond its own staging:
// the default images in octopod.yaml, and the stagings that use them.
type promotion struct {
	changes  []staging.Difference
	project  []staging.File      // octopod.yaml; empty when no default image changes
	stagings []envrepo.Directory // regenerated with the new images
	failed   []Regenerated       // stagings that use the old images and cannot be regenerated
}

// promoteDefaults makes the images of a default branch's staging the project's default
// images, and regenerates every other staging that follows them. Both are rights of their
// own, because they reach beyond the staging.
func (w *Writer) promoteDefaults(ctx context.Context, u update, by rights.Actor, images map[string]string) (promotion, error) {
	if len(images) == 0 {
		return promotion{}, nil
	}
	tree, p := u.tree, u.project
	if err := by.Authorize(p, rights.SetDefault, u.name); err != nil {
		return promotion{}, err
	}
	if err := by.CheckDefaults(p, images, u.action); err != nil {
		return promotion{}, err
	}
	if p.ChecksImages() {
		// octopod.yaml lists the registries that may be queried: a deploy must not add one.
		if err := checkRegistries(p, slices.Sorted(maps.Values(images)), ""); err != nil {
			return promotion{}, err
		}
	}
	data, err := tree.ReadFile(project.File)
	if err != nil {
		return promotion{}, fmt.Errorf("reading %s: %w", project.File, err)
	}
	next, data, err := project.SetDefaultImages(data, images)
	if err != nil {
		return promotion{}, err
	}
	result := promotion{project: []staging.File{{Path: project.File, Data: data}}}
	for _, name := range p.ServiceNames() {
		if image, ok := images[name]; ok {
			result.changes = append(result.changes, staging.Difference{What: "default of " + name, From: p.Spec.Services[name].Image, To: image})
		}
	}
	if !next.HasFollowers(images) {
		return result, nil
	}
	if err := by.Authorize(p, rights.Follow, u.name); err != nil {
		return promotion{}, err
	}
	return result, w.updateUsers(ctx, tree, next, u.name, images, &result)
}

// updateUsers regenerates, in parallel, every other staging that uses one of the old
// default images. A staging that fails keeps its files and is listed in failed.
func (w *Writer) updateUsers(ctx context.Context, tree *envrepo.Tree, p *project.Project, except string, images map[string]string, result *promotion) error {
	names, err := tree.Names()
	if err != nil {
		return err
	}
	if err := tree.PrefetchRecords(ctx, names); err != nil {
		return err
	}
	users := make([]usesDefault, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		if name == except {
			continue
		}
		group.Go(func() error {
			users[i] = w.updateUser(ctx, tree, p, name, images)
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("moving stagings to the new default image: %w", err)
	}
	for i, u := range users {
		switch {
		case u.err != nil:
			result.failed = append(result.failed, Regenerated{Name: names[i], Err: u.err})
		case len(u.changes) > 0:
			result.stagings = append(result.stagings, u.dir)
			result.changes = append(result.changes, u.changes...)
		}
	}
	return nil
}

// usesDefault is a staging that uses a default image, with the new image.
type usesDefault struct {
	changes []staging.Difference // empty when the staging does not use the image
	dir     envrepo.Directory
	err     error
}

func (w *Writer) updateUser(ctx context.Context, tree *envrepo.Tree, p *project.Project, name string, images map[string]string) usesDefault {
	before, err := tree.Staging(name)
	if err != nil {
		return usesDefault{} // an unreadable record says nothing about its images
	}
	after, changed := p.ApplyDefaultImages(before, images)
	if !changed {
		return usesDefault{}
	}
	u := usesDefault{changes: staging.Differences(&before, &after), dir: envrepo.Directory{Path: staging.Dir(name)}}
	for i := range u.changes {
		u.changes[i].Staging, u.changes[i].What = name, name+" follows, "+u.changes[i].What
	}
	output, err := w.generate(ctx, basis{tree, p}, after, false)
	if u.dir.Files, u.err = output.files, err; output.objects != nil {
		before, _ := w.CommittedObjects(ctx, tree, p, name) // broken files must not prevent their repair
		u.err = dataLossError(name, DataLoss(before, output.objects))
	}
	return u
}
