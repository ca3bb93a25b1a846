package server

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/web"
)

const (
	branchesTTL      = 30 * time.Second        // a list is not asked for again
	branchesPageWait = 1500 * time.Millisecond // a page waits no longer for one
	branchesTimeout  = 30 * time.Second        // an answer may take
)

func newBranchCache(ask func(context.Context, string) (gitstore.Refs, error), now func() time.Time, log *slog.Logger) *branchCache {
	return &branchCache{ask: ask, now: now, log: log, cached: map[string]cachedBranches{}}
}

// branchCache keeps which branches the repositories of a project have, for the
// form that makes a staging. A page never waits long for a forge: then it shows
// what was known last, and says so.
type branchCache struct {
	ask func(ctx context.Context, repository string) (gitstore.Refs, error)
	now func() time.Time
	log *slog.Logger

	mu     sync.Mutex
	cached map[string]cachedBranches
}

// cachedBranches is the last answer of one repository.
type cachedBranches struct {
	names   []string
	pulls   map[string][]int // by branch
	away    bool
	expires time.Time
	pending chan struct{} // closed with the next answer; nil while nobody asks
}

// list gives the branches of repositories, as far as they are known.
func (l *branchCache) list(ctx context.Context, repositories []string) web.Branches {
	ctx, cancel := context.WithTimeout(ctx, branchesPageWait)
	defer cancel()
	var answers []<-chan struct{}
	for _, repository := range repositories {
		if asking := l.refresh(context.WithoutCancel(ctx), repository); asking != nil {
			answers = append(answers, asking)
		}
	}
	for _, answer := range answers {
		select {
		case <-answer:
		case <-ctx.Done():
		}
	}
	return l.known(repositories)
}

func (l *branchCache) known(repositories []string) web.Branches {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := web.Branches{In: map[string][]string{}, Pulls: map[string][]int{}}
	for _, repository := range repositories {
		h := l.cached[repository]
		if h.away || h.expires.IsZero() {
			all.Away = append(all.Away, repository)
		}
		for _, name := range h.names {
			all.In[name] = append(all.In[name], repository)
			all.Pulls[name] = append(all.Pulls[name], h.pulls[name]...)
		}
	}
	return all
}

// refresh asks a repository unless it was asked a moment ago. What comes back is
// closed with the answer; nil when there is one already.
func (l *branchCache) refresh(ctx context.Context, repository string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.cached[repository]
	if h.pending != nil || l.now().Before(h.expires) {
		return h.pending
	}
	h.pending = make(chan struct{})
	l.cached[repository] = h
	go l.fetch(ctx, repository)
	return h.pending
}

func (l *branchCache) fetch(ctx context.Context, repository string) {
	ctx, cancel := context.WithTimeout(ctx, branchesTimeout)
	defer cancel()
	known, err := l.ask(ctx, repository)
	if err != nil {
		l.log.WarnContext(ctx, "branches cannot be listed", "repository", repository, "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	h := l.cached[repository]
	close(h.pending)
	h.pending, h.away, h.expires = nil, err != nil, l.now().Add(branchesTTL)
	if err == nil {
		h.names, h.pulls = slices.Sorted(maps.Keys(known.Heads)), pullRequestsByBranch(known)
	}
	l.cached[repository] = h
}

// pullRequestsByBranch finds the pull requests of branches: those that are at the same commit.
// One that was merged long ago is at the commit of no branch any more.
func pullRequestsByBranch(known gitstore.Refs) map[string][]int {
	numbers := map[string][]int{}
	for _, number := range slices.Sorted(maps.Keys(known.Pulls)) {
		numbers[known.Pulls[number]] = append(numbers[known.Pulls[number]], number)
	}
	pulls := map[string][]int{}
	for branch, commit := range known.Heads {
		if len(numbers[commit]) > 0 {
			pulls[branch] = numbers[commit]
		}
	}
	return pulls
}
