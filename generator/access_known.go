package generator

import (
	"context"
	"slices"

	"octopod/generator/envrepo"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Known is what the feed knows, for one actor under an octopod.yaml read before. It
// never waits for the env repo.
type Known struct {
	*Access
	visibility rights.Visibility
}

// Known returns what the feed knows, under an octopod.yaml read before.
func (a *Access) Known(p *project.Project) *Known {
	return &Known{Access: a, visibility: rights.NewVisibility(p, a.by.Rights)}
}

// Entry is one state of a staging in the feed. It is closed: View opens it. Two equal
// entries are the same state.
type Entry struct{ known *staging.View }

// Entries are stagings in the feed at one moment, by name.
type Entries struct {
	views []*staging.View
	whole bool // all stagings
}

// Len returns the number of entries.
func (e Entries) Len() int { return len(e.views) }

// At returns one entry.
func (e Entries) At(i int) Entry { return Entry{e.views[i]} }

// Whole reports whether these are all stagings.
func (e Entries) Whole() bool { return e.whole }

// Same reports whether both are all stagings, and none has changed in between.
func (e Entries) Same(as Entries) bool {
	return e.whole && as.whole && len(e.views) == len(as.views) && (len(e.views) == 0 || &e.views[0] == &as.views[0])
}

// Entries lists the stagings that the actor may read, and how fresh they are.
func (k *Known) Entries() (Entries, live.Freshness) {
	views, fresh := k.feed.Views()
	entries := Entries{views, true}
	if k.by.Authorize(k.visibility.Project, rights.Read, allNames) != nil {
		entries = Entries{slices.DeleteFunc(slices.Clone(views), func(view *staging.View) bool { return !k.mayRead(view) }), false}
	}
	return entries, redactFreshness(k.visibility, fresh)
}

// View returns what the actor may see of an entry.
func (k *Known) View(e Entry) *staging.View { return k.visibility.Redact(e.known) }

// Named returns what the actor may see of a staging; nil without one, and when they
// may not read it.
func (k *Known) Named(name string) *staging.View {
	view := k.feed.View(name)
	if view == nil || !k.mayRead(view) {
		return nil
	}
	return k.visibility.Redact(view)
}

func (k *Known) mayRead(view *staging.View) bool {
	return k.by.Authorize(k.visibility.Project, rights.Read, view.Metadata.Name) == nil
}

// Freshness reports how current the entries are.
func (k *Known) Freshness() live.Freshness {
	return redactFreshness(k.visibility, k.feed.Freshness())
}

// Sequence returns the number of the newest update. Read before Entries, it is the
// update to follow after.
func (k *Known) Sequence() uint64 { return k.feed.Sequence() }

// Update is one step of the feed.
type Update struct {
	Kind     live.EventKind
	Name     string // of the staging, with Modified and Deleted
	Entry    Entry  // with Modified
	Sequence uint64
}

// Follow returns the function that waits for the next update that the actor may know
// of, as Feed.Subscribe does. It takes a place in the feed until ctx ends.
func (k *Known) Follow(ctx context.Context, after uint64) (next func(context.Context) (Update, error), err error) {
	s, err := k.feed.Subscribe(ctx, after)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (Update, error) {
		for {
			u, err := s.Next(ctx)
			if err != nil {
				return Update{}, err
			}
			about := u.Kind == live.Modified || u.Kind == live.Deleted
			if !about || k.mayRead(&u.Staging) {
				return Update{Kind: u.Kind, Name: u.Staging.Metadata.Name, Entry: Entry{&u.Event.Staging}, Sequence: u.Sequence}, nil
			}
		}
	}, nil
}

// Logo reads the project's logo.
func (k *Known) Logo(ctx context.Context) (staging.File, error) {
	files, err := k.stagings.Files(envrepo.FromMemory(ctx), k.visibility.Project.Spec.UI.Logo, "")
	if err == nil && len(files) != 1 {
		err = staging.Errorf(staging.CodeNotFound, "the project's logo was not found")
	}
	if err != nil {
		return staging.File{}, k.redactError(k.visibility, err)
	}
	return files[0], nil
}
