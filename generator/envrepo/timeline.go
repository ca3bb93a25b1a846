package envrepo

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
)

// Moment is a commit that changed a staging, or the template while the staging existed.
type Moment struct {
	staging.Event        // Tree is that of the staging, also for a commit of the template
	Templates     string // hash of the templates at the commit
}

// Timelines returns the moments of every staging that ever existed, oldest first, in the
// order of the commits to the tip. roots are the directories of the templates that Argo CD
// renders.
func (r *Repo) Timelines(ctx context.Context, tip *Tree, roots []string) (map[string][]Moment, error) {
	stagings, err := r.store.EntryChanges(ctx, staging.EnvsDir)
	if err != nil {
		return nil, err
	}
	order, commits := map[gitstore.Hash]int{}, []gitstore.HistoryEntry{}
	err = tip.WalkHistory(ctx, func(entry gitstore.HistoryEntry) bool {
		order[entry.Revision] = -len(commits) // newest last
		commits = append(commits, entry)
		return true
	})
	if err != nil {
		return nil, err
	}
	w := weaving{order: order, commits: commits}
	if w.templates, err = w.templatesOf(ctx, r.store, roots); err != nil {
		return nil, err
	}
	all := make(map[string][]Moment, len(stagings))
	for name, changes := range stagings {
		all[name] = w.momentsOf(changes)
	}
	return all, nil
}

// TreeOf reads the tree of a moment.
func (r *Repo) TreeOf(ctx context.Context, m Moment) (*Tree, error) {
	snapshot, err := r.store.CommitTree(ctx, m.Revision)
	if err != nil {
		return nil, err
	}
	return &Tree{snapshot, r.files}, nil
}

// weaving is what Timelines knows of the whole history.
type weaving struct {
	order     map[gitstore.Hash]int // of each commit
	commits   []gitstore.HistoryEntry
	templates []templateChange // oldest first
}

// templateChange is a commit that changed the templates, and their hash after it.
type templateChange struct {
	revision gitstore.Hash
	hash     string
}

// templatesOf returns the changes of all roots together.
func (w weaving) templatesOf(ctx context.Context, store *gitstore.Store, roots []string) ([]templateChange, error) {
	type change struct {
		gitstore.PathChange
		root int
	}
	var changes []change
	for i, root := range roots {
		entries, err := store.History(ctx, root, 0)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if _, known := w.order[e.Revision]; !known {
				continue
			}
			changes = append(changes, change{gitstore.PathChange{Revision: e.Revision, Tree: e.Tree}, i})
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(w.order[a.Revision], w.order[b.Revision]) })
	hashes := make([]string, len(roots))
	var all []templateChange
	for _, c := range changes {
		hashes[c.root] = c.Tree.String()
		if n := len(all); n > 0 && all[n-1].revision == c.Revision {
			all = all[:n-1]
		}
		all = append(all, templateChange{c.Revision, strings.Join(hashes, " ")})
	}
	return all, nil
}

// momentsOf weaves the changes of one staging, newest first, with those of the templates.
func (w weaving) momentsOf(changes []gitstore.PathChange) []Moment {
	templates, now := w.templates, "" // now is the hash of the templates
	var moments []Moment
	until := func(last int) {
		for len(templates) > 0 && w.order[templates[0].revision] <= last {
			t := templates[0]
			templates, now = templates[1:], t.hash
			if n := len(moments); n > 0 && !moments[n-1].Gone && w.order[t.revision] != last {
				moments = append(moments, w.moment(t.revision, moments[n-1].Tree, now, true))
			}
		}
	}
	for _, c := range slices.Backward(changes) {
		if _, known := w.order[c.Revision]; !known {
			continue // a commit after the tip
		}
		until(w.order[c.Revision])
		moments = append(moments, w.moment(c.Revision, treeText(c.Tree), now, false))
	}
	until(1)
	return moments
}

func treeText(tree gitstore.Hash) string {
	if tree.IsZero() {
		return ""
	}
	return tree.String()
}

func (w weaving) moment(revision gitstore.Hash, tree, templates string, template bool) Moment {
	event := eventOf(w.commits[-w.order[revision]])
	event.Tree, event.Gone, event.Template = tree, tree == "", template
	return Moment{event, templates}
}
