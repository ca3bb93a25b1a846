package gitstore

import (
	"context"
	"errors"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// MostCommits bounds the commits that Between lists.
const MostCommits = 200

// Commits are the commits that one state of a repository has and another has not, newest
// first. More is true if there are further ones.
type Commits struct {
	Commits []HistoryEntry
	More    bool
}

// Between lists the commits that are reachable from to and not from from; each is a branch or
// a whole commit hash. From a server it fetches these commits alone, without trees and files,
// in one request.
func Between(ctx context.Context, o Options, from, to string) (Commits, error) {
	o.setDefaults()
	at, err := parseURL(o.URL)
	if err != nil {
		return Commits{}, err
	}
	if !at.Remote() {
		return betweenOnDisk(ctx, at.Local(), &o, from, to)
	}
	return betweenOnServer(ctx, at, &o, from, to)
}

func betweenOnServer(ctx context.Context, at giturl.URL, o *Options, from, to string) (found Commits, err error) {
	r, err := openRemote(at, o)
	if err != nil {
		return Commits{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return retry(ctx, o, func() (Commits, error) {
		found, err := r.between(ctx, from, to)
		return found, r.explain(err, "read")
	})
}

func (r *remote) between(ctx context.Context, from, to string) (Commits, error) {
	adv, sess, err := r.wire.listRefs(ctx)
	if err != nil {
		return Commits{}, err
	}
	defer sess.close()
	caps := parseCapabilities(adv.Capabilities)
	if !caps.partial {
		return Commits{}, failf(staging.CodeUnavailable, nil, "", "%s sends no commits without their files", r.display)
	}
	branch := func(name string) (Hash, error) { return Hash(adv.References["refs/heads/"+name]), nil }
	base, tip, err := resolveBoth(branch, from, to)
	if err != nil || base == tip {
		return Commits{}, err
	}
	cache, err := r.fetchCommits(ctx, sess, caps, base, tip)
	if err != nil {
		return Commits{}, err
	}
	return walk(ctx, newObjects(cache), tip, nil)
}

// fetchCommits fetches the commits of tip that base has not, and no trees.
func (r *remote) fetchCommits(ctx context.Context, sess session, caps capabilities, base, tip Hash) (*remoteCache, error) {
	req := caps.request(false)
	req.Wants, req.Haves = []plumbing.Hash{plumbing.Hash(tip)}, []plumbing.Hash{plumbing.Hash(base)}
	req.Filter, req.Depth = packp.FilterTreeDepth(0), packp.DepthCommits(MostCommits+1)
	res, err := sess.fetchPack(ctx, req)
	if err != nil {
		return nil, err
	}
	raw, err := readPack(req, res)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(res.ACKs, plumbing.Hash(base)) { // then the pack has the whole history
		return nil, unknownCommit(base.String())
	}
	cache := newRemoteCache(nil)
	return cache, cache.addPack(ctx, raw)
}

func betweenOnDisk(ctx context.Context, path string, o *Options, from, to string) (Commits, error) {
	l, err := openLocal(ctx, path, o)
	if err != nil {
		return Commits{}, err
	}
	defer l.disk.close()
	base, tip, err := resolveBoth(func(name string) (Hash, error) { return l.refs.read("refs/heads/" + name) }, from, to)
	if err != nil {
		return Commits{}, err
	}
	known := map[Hash]bool{}
	if err := ancestors(ctx, l.objs, base, known); err != nil {
		return Commits{}, err
	}
	if _, err := l.objs.commit(ctx, tip); err != nil {
		return Commits{}, unknownCommit(to)
	}
	return walk(ctx, l.objs, tip, known)
}

// ancestors adds a commit and its history to a set.
func ancestors(ctx context.Context, objs *objects, at Hash, known map[Hash]bool) error {
	if _, err := objs.commit(ctx, at); err != nil {
		return unknownCommit(at.String())
	}
	for next := []Hash{at}; len(next) > 0; {
		h := next[len(next)-1]
		next = next[:len(next)-1]
		if known[h] {
			continue
		}
		known[h] = true
		c, err := objs.commit(ctx, h)
		if errors.Is(err, errNoObject) { // a shallow repository ends here
			continue
		}
		if err != nil {
			return err
		}
		next = append(next, c.parents...)
	}
	return nil
}

// walk lists the history of a commit, newest first, without the known commits and the
// missing ones.
func walk(ctx context.Context, objs *objects, tip Hash, known map[Hash]bool) (Commits, error) {
	var found Commits
	seen := map[Hash]bool{}
	next, err := newer(ctx, objs, nil, []Hash{tip}, known, seen)
	for ; err == nil && len(next) > 0; next, err = newer(ctx, objs, next[1:], next[0].parents, known, seen) {
		if len(found.Commits) == MostCommits {
			found.More = true
			return found, nil
		}
		found.Commits = append(found.Commits, next[0].HistoryEntry)
	}
	return found, err
}

// walked is a commit of a walk with its parents.
type walked struct {
	HistoryEntry
	parents []Hash
}

// newer adds commits to the next ones of a walk, the newest first.
func newer(ctx context.Context, objs *objects, next []walked, more []Hash, known, seen map[Hash]bool) ([]walked, error) {
	for _, h := range more {
		if known[h] || seen[h] {
			continue
		}
		seen[h] = true
		c, err := objs.commit(ctx, h)
		if errors.Is(err, errNoObject) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entry := HistoryEntry{Revision: h, Parent: c.parent(), Author: c.author, Committer: c.committer, When: c.when, Message: c.message}
		next = append(next, walked{entry, c.parents})
	}
	slices.SortStableFunc(next, func(a, b walked) int { return b.When.Compare(a.When) })
	return next, nil
}

// resolveBoth returns the commits of two names.
func resolveBoth(branch func(string) (Hash, error), from, to string) (base, tip Hash, err error) {
	if base, err = resolveCommit(branch, from); err == nil {
		tip, err = resolveCommit(branch, to)
	}
	return base, tip, err
}

// resolveCommit returns the commit of a branch or of a whole hash.
func resolveCommit(branch func(string) (Hash, error), name string) (Hash, error) {
	if h, err := parseHash(name); err == nil {
		return h, nil
	}
	h, err := branch(name)
	if err == nil && h.IsZero() {
		err = unknownCommit(name)
	}
	return h, err
}

func unknownCommit(name string) error {
	return failf(staging.CodeNotFound, nil, "", "the repository has no commit and no branch %.60s", name)
}
