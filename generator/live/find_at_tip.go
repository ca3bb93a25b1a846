package live

import (
	"context"
	"slices"
	"sort"
	"strings"

	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// findAtTip lists stagings without reading their records, when the feed has published the
// commit that is the tip. ok is false otherwise, and for a query of single stagings.
func (f *Feed) findAtTip(ctx context.Context, records Records, q staging.Query, mayRead func(string) bool) (views []staging.View, ok bool, err error) {
	if len(q.Names) > 0 {
		return nil, false, nil
	}
	tree, p, err := records.Latest(ctx)
	if err == nil {
		err = p.CheckSelector(q.Selector)
	}
	if err != nil {
		return nil, false, err
	}
	known, current := f.viewsAt(tree.Revision())
	if !current {
		return nil, false, nil
	}
	found, err := matching(tree, q, afterName(known, q.After), mayRead)
	if err != nil {
		return nil, false, err
	}
	views = make([]staging.View, len(found))
	for i, view := range found {
		views[i] = asRecorded(*view, tree.Revision(), q)
	}
	return views, true, nil
}

// viewsAt returns all stagings by name, if they are those of a revision.
func (f *Feed) viewsAt(revision string) ([]*Event, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.revision != revision || revision == "" {
		return nil, false
	}
	return f.sorted(), true
}

// afterName returns the stagings after a name, of a list by name.
func afterName(known []*Event, name string) []*Event {
	from := sort.Search(len(known), func(i int) bool { return known[i].Staging.Metadata.Name > name })
	return known[from:]
}

// matching returns the stagings that a query chooses and the caller may read, those without a
// record last: in a page, in their place. It looks no further than the end of a page.
func matching(tree *envrepo.Tree, q staging.Query, known []*Event, mayRead func(string) bool) ([]*staging.View, error) {
	var recorded, removed []*staging.View
	paged := q.After != "" || q.Limit > 0
	for _, n := range known {
		if q.Limit > 0 && len(recorded) == q.Limit {
			break
		}
		view, exists := &n.Staging, true
		if view.Spec.State == staging.Deleting {
			var err error
			if exists, err = tree.Has(view.Metadata.Name); err != nil {
				return nil, err
			}
		}
		chosen := exists && q.MatchesRecord(*view) || !exists && q.Unfiltered()
		switch {
		case !chosen || !mayRead(view.Metadata.Name):
		case exists || paged:
			recorded = append(recorded, view)
		default:
			removed = append(removed, view)
		}
	}
	return append(recorded, removed...), nil
}

// asRecorded returns the view of the feed as the view of a record at a revision.
func asRecorded(view staging.View, revision string, q staging.Query) staging.View {
	s := &view.Status
	if s.Revision != "" { // it has a record, which may be older than the tip
		s.Revision = revision
	}
	if s.Phase == staging.PhaseInvalid {
		view.Status = staging.Status{Phase: s.Phase, Reason: s.Reason, Detail: s.Detail, Revision: s.Revision}
		view.Rollouts = nil
	}
	if !q.Dated {
		view.Status.Changed = nil
	}
	return view
}

// choose returns the stagings of a page that the caller may read.
func choose(views []*staging.View, q staging.Query, mayRead func(string) bool) []*staging.View {
	paged := q.After != "" || q.Limit > 0
	if paged {
		slices.SortStableFunc(views, func(a, b *staging.View) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
	}
	chosen := make([]*staging.View, 0, min(len(views), max(q.Limit, 16)))
	for _, view := range views {
		if paged && view.Metadata.Name <= q.After || !mayRead(view.Metadata.Name) {
			continue
		}
		if chosen = append(chosen, view); len(chosen) == q.Limit {
			break
		}
	}
	return chosen
}

// chooseViews is choose for views that nobody shares.
func chooseViews(views []staging.View, q staging.Query, mayRead func(string) bool) []staging.View {
	all := make([]*staging.View, len(views))
	for i := range views {
		all[i] = &views[i]
	}
	chosen := make([]staging.View, 0, len(views))
	for _, view := range choose(all, q, mayRead) {
		chosen = append(chosen, *view)
	}
	return chosen
}
