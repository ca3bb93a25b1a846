package live

import (
	"context"
	"reflect"
	"slices"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// settleTime limits how long a list waits until the feed shows a commit of this process.
const settleTime = time.Second

// Records are the stagings of the env repo.
type Records interface {
	Find(context.Context, staging.Query) ([]staging.View, error)
	AddPending(context.Context, []staging.View) error
	HasCluster() bool
	Latest(context.Context) (*envrepo.Tree, *project.Project, error)
}

// Find lists the stagings that the caller may read as recorded, with the status that the
// feed knows. It includes every commit of this process.
func (f *Feed) Find(ctx context.Context, records Records, q staging.Query, mayRead func(name string) bool) ([]staging.View, error) {
	views, err := f.find(ctx, records, q, mayRead)
	if err != nil || !q.Pending || !f.takesOver(q) {
		return views, err
	}
	// What is pending may need an earlier revision, which only git has.
	if err := records.AddPending(ctx, views); err != nil && !catalog.IsRepoFault(err) {
		return nil, err
	}
	return views, nil
}

// takesOver reports whether the feed answers a query, instead of git and Argo CD.
func (f *Feed) takesOver(q staging.Query) bool { return !q.Recorded && f.Synced() }

func (f *Feed) find(ctx context.Context, records Records, q staging.Query, mayRead func(name string) bool) ([]staging.View, error) {
	if !f.takesOver(q) {
		views, err := records.Find(ctx, q)
		return chooseViews(views, q, mayRead), err
	}
	if views, ok, err := f.findAtTip(ctx, records, q, mayRead); ok || err != nil {
		return views, err
	}
	views, current, err := f.findKnown(ctx, records, q)
	if !current && (err == nil || staging.CodeOf(err) == staging.CodeNotFound) {
		limit, cancel := context.WithTimeout(ctx, settleTime)
		_ = f.CatchUp(limit) // on a timeout, the status says that it is updated
		cancel()
		views, _, err = f.findKnown(ctx, records, q)
	}
	return chooseViews(views, q, mayRead), err
}

// findKnown lists stagings without their pending changes. It reports whether the feed knows
// every record as it is.
func (f *Feed) findKnown(ctx context.Context, records Records, q staging.Query) (views []staging.View, current bool, err error) {
	deleting, current, err := f.deleting(ctx, records, q)
	if err != nil {
		return nil, false, err
	}
	recorded := q
	recorded.Recorded, recorded.Pending = true, false
	recorded.Names = slices.DeleteFunc(slices.Clone(q.Names), func(name string) bool {
		return slices.ContainsFunc(deleting, func(v staging.View) bool { return v.Metadata.Name == name })
	})
	if len(q.Names) > 0 && len(recorded.Names) == 0 {
		return deleting, current, nil
	}
	if views, err = records.Find(ctx, recorded); err != nil {
		return nil, current, err
	}
	for i := range views {
		known := f.View(views[i].Metadata.Name)
		current = current && known != nil && reflect.DeepEqual(known.Document, views[i].Document)
		addStatus(&views[i], known, records.HasCluster())
		if !q.Dated {
			views[i].Status.Changed = nil
		}
	}
	return append(views, deleting...), current, nil
}

// deleting lists the stagings without a record that the cluster still has: all of
// them, or the ones in the query. current is false if the feed has stagings that it does not
// know to be deleted.
func (f *Feed) deleting(ctx context.Context, records Records, q staging.Query) (views []staging.View, current bool, err error) {
	if !q.Unfiltered() && len(q.Names) == 0 {
		return nil, true, nil
	}
	tree, _, err := records.Latest(ctx)
	if err != nil {
		return nil, false, err
	}
	current = true
	for _, view := range f.chosen(q.Names) {
		exists, err := tree.Has(view.Metadata.Name)
		switch {
		case err != nil:
			return nil, false, err
		case exists:
		case view.Spec.State == staging.Deleting:
			views = append(views, *view)
		default:
			current = false
		}
	}
	return views, current, nil
}

// chosen returns the named stagings that the feed knows; without names, all of them.
func (f *Feed) chosen(names []string) (views []*staging.View) {
	if len(names) == 0 {
		views, _ = f.Views()
		return views
	}
	for _, name := range names {
		if view := f.View(name); view != nil {
			views = append(views, view)
		}
	}
	return views
}

// addStatus adds the status of the feed to a record. The status of an earlier record that
// deploys something else says that the change is under way.
func addStatus(view, known *staging.View, cluster bool) {
	s := &view.Status
	switch {
	case s.Phase == staging.PhaseInvalid:
	case known == nil && cluster, known != nil && known.Status.Phase != "" && !view.Spec.DeploysSame(known.Spec):
		s.Phase, s.Reason = staging.PhaseUpdating, staging.Reason{Code: staging.ReasonSaved}
	case known != nil:
		revision, tested, untested := s.Revision, s.Tested, s.Untested
		*s = known.Status
		s.Revision, s.Tested, s.Untested = revision, tested, untested
		view.Rollouts = known.Rollouts
	}
}
