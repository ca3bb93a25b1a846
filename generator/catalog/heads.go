package catalog

import (
	"context"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// Heads lists the branches of the application's repositories.
type Heads interface {
	// Heads returns every branch with its commit, or an error. An incomplete list
	// would delete stagings.
	Heads(ctx context.Context, repository string) (map[string]string, error)
}

// BranchHeads holds, by repository and branch, the commit of each branch.
type BranchHeads map[string]map[string]string

// AllHeads lists the branches of repositories concurrently. It leaves out repositories
// that cannot be listed.
func (g *Catalog) AllHeads(ctx context.Context, repositories []string) BranchHeads {
	all := BranchHeads{}
	var mu sync.Mutex
	var work errgroup.Group
	work.SetLimit(maxConcurrent)
	for _, repository := range repositories {
		work.Go(func() error {
			if heads, err := g.Heads.Heads(ctx, repository); err == nil {
				mu.Lock()
				defer mu.Unlock()
				all[repository] = heads
			}
			return nil
		})
	}
	_ = work.Wait() // no function returns an error
	return all
}

// maxConcurrent bounds concurrent requests to forges.
const maxConcurrent = 8

// ListBranches lists the branches of every repository. A repository that cannot be
// listed, or that has no branch at all, proves nothing about any branch and is not in
// the result.
func ListBranches(ctx context.Context, in Heads, repositories []string) ([]staging.BranchListing, map[string][]string) {
	branches := map[string][]string{}
	listings := make([]staging.BranchListing, len(repositories))
	var mu sync.Mutex
	var work errgroup.Group
	work.SetLimit(maxConcurrent)
	for i, repository := range repositories {
		work.Go(func() error {
			heads, err := in.Heads(ctx, repository)
			address := giturl.Redact(repository)
			if err == nil && len(heads) == 0 {
				err = staging.Errorf(staging.CodeUnavailable, "%s lists no branch at all, which is not believed", address)
			}
			listings[i] = staging.BranchListing{Repository: address, Branches: len(heads), Err: err}
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				branches[repository] = slices.Collect(maps.Keys(heads))
			}
			return nil
		})
	}
	_ = work.Wait() // no function returns an error
	return listings, branches
}
