package staging

import "slices"

// Query chooses stagings to list or to watch.
type Query struct {
	Names    []string // only these; empty means all that match the rest
	Archived bool     // archived stagings only
	All      bool     // active and archived
	Selector Selector
	Recorded bool // records only: Argo CD is not queried
	Pending  bool // also the pending changes of each: that renders it
	Dated    bool // a watch adds, at the end, when each staging last changed: that reads the history

	// A page of a list, in the order of names. A watch ignores it.
	After string // only names after this one; empty means from the first
	Limit int    // at most so many; 0 means all
}

// Unfiltered reports whether the query filters by nothing but the state of a record,
// so that it also covers stagings without a record.
func (q Query) Unfiltered() bool {
	return len(q.Names) == 0 && len(q.Selector) == 0 && !q.Archived
}

// Matches reports whether the query chooses a staging.
func (q Query) Matches(v View) bool {
	return (len(q.Names) == 0 || slices.Contains(q.Names, v.Metadata.Name)) && q.MatchesRecord(v)
}

// MatchesRecord reports whether the query chooses a staging, names aside.
func (q Query) MatchesRecord(v View) bool {
	if len(q.Names) == 0 && !q.All && q.Archived != (v.Spec.State == Archived) {
		return false
	}
	return q.Selector.Matches(v)
}

// HistoryQuery chooses versions of one staging.
type HistoryQuery struct {
	Name     string
	Limit    int  // newest versions; 0 means all
	Rollouts bool // also how the rollout of each went, as far as it is known
}

// BranchListing is the outcome of listing the branches of one repository.
type BranchListing struct {
	Repository string
	Branches   int
	Err        error
}
