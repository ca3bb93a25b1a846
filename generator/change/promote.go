package change

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

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
	return result, w.updateUsers(ctx, u, next, images, &result)
}

// updateUsers regenerates, in parallel, every other staging that uses one of the old
// default images. A staging that fails keeps its files and is listed in failed.
func (w *Writer) updateUsers(ctx context.Context, u update, p *project.Project, images map[string]string, result *promotion) error {
	names, err := u.tree.Names()
	if err != nil {
		return err
	}
	if err := u.tree.PrefetchRecords(ctx, names); err != nil {
		return err
	}
	users := make([]usesDefault, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		if name == u.name {
			continue
		}
		group.Go(func() error {
			users[i] = w.updateUser(ctx, target{tree: u.tree, project: u.project, name: name, exists: true}, p, images)
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

// updateUser generates the files of a staging with new default images: from what its
// committed files were generated from, so that nothing pending rides along.
func (w *Writer) updateUser(ctx context.Context, to target, p *project.Project, images map[string]string) usesDefault {
	before, err := to.tree.Staging(to.name)
	if err != nil {
		return usesDefault{} // an unreadable record says nothing about its images
	}
	after, changed := p.ApplyDefaultImages(before, images)
	if !changed {
		return usesDefault{}
	}
	to.record = &before
	user := update{target: to, after: &after}
	u := usesDefault{changes: staging.Differences(&before, &after), dir: envrepo.Directory{Path: staging.Dir(to.name)}}
	u.err = w.generateEffect(ctx, &user)
	if len(user.pending) > 0 {
		u.changes = append(u.changes, staging.Difference{What: "pending changes", To: strings.Join(user.pending, ", ")})
	}
	for i := range u.changes {
		u.changes[i].Staging, u.changes[i].What = to.name, to.name+" follows, "+u.changes[i].What
	}
	if u.dir.Files = user.output.files; u.err == nil && user.output.objects != nil {
		objects, _ := w.CommittedObjects(ctx, to.tree, to.project, to.name) // broken files must not prevent their repair
		u.err = dataLossError(to.name, DataLoss(objects, user.output.objects))
	}
	return u
}
