package envrepo

import "context"

// OtherBranches returns the tips of the other branches of a local repository, by name.
func (r *Repo) OtherBranches(ctx context.Context) (map[string]*Tree, error) {
	snapshots, err := r.store.OtherBranches(ctx)
	trees := make(map[string]*Tree, len(snapshots))
	for name, snapshot := range snapshots {
		trees[name] = &Tree{snapshot, r.files}
	}
	return trees, err
}
