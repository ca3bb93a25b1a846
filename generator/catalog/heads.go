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

// Heads knows where the branches of the application's repositories are.
type Heads interface {
	// Heads gives every branch and the commit that it is at, or fails: half a list
	// takes stagings away.
	Heads(ctx context.Context, repository string) (map[string]string, error)
}

// BranchHeads are the branches of repositories, and the commits they are at.
type BranchHeads map[string]map[string]string

// AllHeads asks repositories side by side. One that does not answer is left out.
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
	_ = work.Wait() // nothing in it fails
	return all
}

// maxConcurrent bounds the questions to forges that are under way together.
const maxConcurrent = 8

// ListBranches asks every repository for its branches. One that does not answer, or has
// none, says nothing of any branch.
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
	_ = work.Wait() // nothing in it fails
	return listings, branches
}
