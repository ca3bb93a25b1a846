package server

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/web"
)

const (
	branchesTTL      = 30 * time.Second        // how long an answer is reused
	branchesPageWait = 1500 * time.Millisecond // how long a page waits for an answer
	branchesTimeout  = 30 * time.Second        // how long one request may take
)

func newBranchCache(ask func(context.Context, string) (gitstore.Refs, error), now func() time.Time, log *slog.Logger) *branchCache {
	return &branchCache{ask: ask, now: now, log: log, cached: map[string]cachedBranches{}}
}

// branchCache caches the branches of a project's repositories, for the form that
// creates a staging. A page never waits long for a forge: it shows the last known
// branches instead, and says so.
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
	pending chan struct{} // closed when the request in flight ends; nil without one
}

// list returns the branches of repositories, as far as they are known.
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
	all := web.Branches{In: map[string][]string{}, Pulls: map[string][]int{}, Numbers: map[string]map[int]string{}}
	for _, repository := range repositories {
		h := l.cached[repository]
		if h.away || h.expires.IsZero() {
			all.Unavailable = append(all.Unavailable, giturl.Redact(repository))
		}
		for _, name := range h.names {
			all.In[name] = append(all.In[name], repository)
			all.Pulls[name] = append(all.Pulls[name], h.pulls[name]...)
			for _, number := range h.pulls[name] {
				if all.Numbers[repository] == nil {
					all.Numbers[repository] = map[int]string{}
				}
				all.Numbers[repository][number] = name
			}
		}
	}
	return all
}

// refresh starts to fetch the branches of a repository unless the cached ones are
// recent. It returns a channel that closes with the answer, or nil.
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
		l.log.WarnContext(ctx, "branches cannot be listed", "repository", giturl.Redact(repository), "error", err)
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

// pullRequestsByBranch matches pull requests with branches by their head commit.
// A pull request that was merged long ago matches no branch.
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
