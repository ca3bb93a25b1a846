package gitstore

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// remote is a repository on a git server.
type remote struct {
	created     bool // the first commit creates ref, whatever else the repository has
	wire        wire
	display     string // URL without credentials
	ref         string
	keepHistory bool // fetch the whole history, not only the tip
	opts        *Options
	log         *slog.Logger

	state remoteState
	calls coalescer
}

// remoteState is what was fetched from the remote.
type remoteState struct {
	mu      sync.Mutex
	caps    capabilities
	objs    *objects
	cache   *remoteCache
	tip     *tip
	shallow []Hash // commits whose parents were not fetched
}

func openRemote(at giturl.URL, o *Options) (*remote, error) {
	r := &remote{display: at.String(), ref: o.ref(), created: o.Ref != "", keepHistory: o.History, opts: o, log: o.Logger.With("remote", at.String())}
	var err error
	if at.Scheme() == "ssh" {
		r.wire, err = newSSHWire(at, o)
	} else {
		r.wire, err = newHTTPWire(at, o)
	}
	return r, err
}

// refresh reads where the branch is and fetches what is missing of its tip.
// Concurrent callers share one request.
func (r *remote) refresh(ctx context.Context) (*tip, error) {
	return retry(ctx, r.opts, func() (*tip, error) {
		return r.calls.do(ctx, func() (*tip, error) {
			t, err := r.fetchLatest(ctx)
			return t, r.explain(err, "read")
		})
	})
}

func (r *remote) lastTip(ctx context.Context) (*tip, error) {
	r.state.mu.Lock()
	last := r.state.tip
	r.state.mu.Unlock()
	if last != nil {
		return last, nil
	}
	return r.refresh(ctx)
}

func (r *remote) fetchLatest(ctx context.Context) (*tip, error) {
	began := time.Now()
	adv, sess, err := r.wire.listRefs(ctx)
	r.logRequest("list branches", began, 0, err)
	if emptyRepository(err) {
		return &tip{root: emptyTree, objs: r.reset(capabilities{})}, nil
	}
	if err != nil {
		return nil, err
	}
	defer sess.close()
	at, ok := adv.References[r.ref]
	switch {
	case !ok && r.created:
		return &tip{root: emptyTree, objs: r.reset(parseCapabilities(adv.Capabilities))}, nil
	case !ok:
		return nil, r.missingBranch(adv)
	}
	commit := Hash(at)
	if t := r.cachedTip(ctx, commit); t != nil {
		return t, nil
	}
	return r.fetchTip(ctx, parseCapabilities(adv.Capabilities), sess, commit)
}

// missingBranch is the error when the repository does not have the branch.
func (r *remote) missingBranch(adv *packp.AdvRefs) error {
	var names []string
	for name := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			names = append(names, branch)
		}
	}
	slices.Sort(names)
	if err := missingBranch(r.ref, r.display, names); err != nil {
		return err
	}
	return failf(staging.CodeNotFound, nil, "push a first commit to it", "%s has no branches", r.display)
}

// cachedTip returns the tip when no fetch is needed: the branch did not move, or
// this process moved it. Otherwise it returns nil.
func (r *remote) cachedTip(ctx context.Context, commit Hash) *tip {
	s := &r.state
	s.mu.Lock()
	last, cache, objs := s.tip, s.cache, s.objs
	s.mu.Unlock()
	if last != nil && last.commit == commit {
		return last
	}
	if last == nil || !cache.has(commit) {
		return nil
	}
	t, err := readTip(ctx, objs, commit)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	s.tip = t
	s.mu.Unlock()
	return t
}

// reset starts with an empty cache, before the first fetch and before a fetch from
// scratch. Earlier snapshots keep their own cache.
func (r *remote) reset(caps capabilities) *objects {
	s := &r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caps, s.tip, s.shallow = caps, nil, nil
	s.cache = newRemoteCache(nil)
	if caps.partial {
		s.cache.fetchObjects = r.objectFetcher(caps)
	}
	s.objs = newObjects(s.cache)
	return s.objs
}

// fetchTip fetches a commit and its upper trees: incrementally when the cache has
// an earlier commit, else from scratch.
func (r *remote) fetchTip(ctx context.Context, caps capabilities, sess session, commit Hash) (*tip, error) {
	s := &r.state
	s.mu.Lock()
	last, cache, shallow := s.tip, s.cache, s.shallow
	s.mu.Unlock()
	if last != nil && !cache.full() {
		t, err := r.fetchMore(ctx, caps, sess, commit, last.commit, shallow)
		if err == nil || ctx.Err() != nil {
			return t, err
		}
		if sess, err = r.wire.reopen(ctx); err != nil {
			return nil, err
		}
		defer sess.close()
	}
	r.reset(caps)
	req := caps.request(false)
	req.Wants = []plumbing.Hash{plumbing.Hash(commit)}
	if caps.partial {
		req.Filter = packp.FilterTreeDepth(2)
	}
	if caps.shallow && !r.keepHistory {
		req.Depth = packp.DepthCommits(1)
	}
	return r.fetch(ctx, sess, req, commit)
}

// fetchMore fetches the commits since last.
func (r *remote) fetchMore(ctx context.Context, caps capabilities, sess session, commit, last Hash, shallow []Hash) (*tip, error) {
	req := caps.request(true)
	req.Wants = []plumbing.Hash{plumbing.Hash(commit)}
	req.Haves = []plumbing.Hash{plumbing.Hash(last)}
	for _, h := range shallow {
		req.Shallows = append(req.Shallows, plumbing.Hash(h))
	}
	if caps.partial {
		req.Filter = packp.FilterTreeDepth(2)
	}
	return r.fetch(ctx, sess, req, commit)
}

// fetch sends a request for a commit and adds the pack to the cache.
func (r *remote) fetch(ctx context.Context, sess session, req *packp.UploadPackRequest, commit Hash) (*tip, error) {
	raw, shallow, err := r.fetchPack(ctx, sess, req, "fetch "+commit.Short())
	if err != nil {
		return nil, err
	}
	s := &r.state
	s.mu.Lock()
	cache, objs := s.cache, s.objs
	s.mu.Unlock()
	if err := cache.addPack(ctx, raw); err != nil {
		return nil, err
	}
	t, err := readTip(ctx, objs, commit)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range shallow {
		s.shallow = append(s.shallow, Hash(h))
	}
	s.tip = t
	return t, nil
}

// logRequest logs one request: its purpose, duration and the size of its pack.
func (r *remote) logRequest(what string, began time.Time, bytes int, err error) {
	args := []any{"what", what, "bytes", bytes, "took", since(began)}
	if err != nil {
		args = append(args, "error", err)
	}
	r.log.Debug("git request", args...)
}

// fetchPack sends one fetch request. It returns the pack, and the commits whose
// parents the pack leaves out.
func (r *remote) fetchPack(ctx context.Context, sess session, req *packp.UploadPackRequest, what string) (raw []byte, shallow []plumbing.Hash, err error) {
	began := time.Now()
	res, err := sess.fetchPack(ctx, req)
	if err == nil {
		shallow = res.Shallows
		raw, err = readPack(req, res)
	}
	r.logRequest(what, began, len(raw), err)
	return raw, shallow, err
}

// objectFetcher returns a function that fetches objects, with everything below trees.
func (r *remote) objectFetcher(caps capabilities) func(context.Context, []Hash) ([]byte, error) {
	return func(ctx context.Context, want []Hash) ([]byte, error) {
		return retry(ctx, r.opts, func() ([]byte, error) {
			raw, err := r.fetchObjects(ctx, caps, want)
			return raw, r.explain(err, "read")
		})
	}
}

// fetchObjects fetches objects once.
func (r *remote) fetchObjects(ctx context.Context, caps capabilities, want []Hash) ([]byte, error) {
	sess, err := r.wire.reopen(ctx)
	if err != nil {
		return nil, err
	}
	defer sess.close()
	req := caps.request(false)
	req.Capabilities.Delete(capability.Filter)
	for _, h := range want {
		req.Wants = append(req.Wants, plumbing.Hash(h))
	}
	raw, _, err := r.fetchPack(ctx, sess, req, fmt.Sprintf("fetch %d objects", len(want)))
	return raw, err
}

// push sends the new objects and one reference update.
func (r *remote) push(ctx context.Context, u update) (pushResult, error) {
	var messages bytes.Buffer
	var sent []byte
	began := time.Now()
	report, err := r.wire.push(ctx, func(caps *capability.List) *packp.ReferenceUpdateRequest {
		messages.Reset()
		thin := caps == nil || !caps.Supports(noThin)
		sent = encodePush(ctx, u, thin)
		return pushRequest(caps, r.ref, u.base.commit, u.new.commit, sent, &messages)
	})
	err = pushError(report, err, messages.String())
	r.logRequest("push "+u.new.commit.Short(), began, len(sent), err)
	if err != nil {
		return pushResult{}, r.explain(err, "write")
	}
	t, err := r.keepPushed(ctx, u, sent)
	return pushResult{tip: t, bytes: len(sent)}, err
}

const noThin = capability.Capability("no-thin")

// keepPushed adds the pushed pack to the cache, so that it need not be fetched.
func (r *remote) keepPushed(ctx context.Context, u update, sent []byte) (*tip, error) {
	cache := u.base.objs.source.(*remoteCache)
	if err := cache.addPack(ctx, sent); err != nil {
		return nil, fmt.Errorf("keep what was pushed: %w", err)
	}
	t := u.newTip()
	s := &r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache == cache && s.tip != nil { // else the remote was empty, or reset meanwhile
		s.tip = t
	}
	return t, nil
}

// encodePush encodes new objects for a server. A thin pack may contain deltas of
// objects that only the server has.
func encodePush(ctx context.Context, u update, thin bool) []byte {
	w := newPackWriter(len(u.newObjects), 1, false)
	for _, o := range u.newObjects {
		if o.kind == treeObject && len(o.data) > minDeltaSize && !o.base.IsZero() && (thin || w.has(o.base)) {
			if base, err := u.new.objs.object(ctx, o.base); err == nil {
				if delta := makeDelta(base.data, o.data); delta != nil {
					w.addDelta(o, delta)
					continue
				}
			}
		}
		w.add(o)
	}
	return w.finish().data
}

// historyObjects fetches the commits and upper trees that a shallow fetch left out.
func (r *remote) historyObjects(ctx context.Context, t *tip) (*objects, error) {
	s := &r.state
	s.mu.Lock()
	caps, shallow, objs := s.caps, len(s.shallow) > 0, s.objs
	s.mu.Unlock()
	if !shallow || t.commit.IsZero() {
		return objs, nil
	}
	return retry(ctx, r.opts, func() (*objects, error) {
		err := r.calls.exclusive(ctx, func() error { return r.deepen(ctx, caps, t.commit) })
		return objs, r.explain(err, "read")
	})
}

// deepen fetches the history of a commit once.
func (r *remote) deepen(ctx context.Context, caps capabilities, commit Hash) error {
	sess, err := r.wire.reopen(ctx)
	if err != nil {
		return err
	}
	defer sess.close()
	req := caps.request(false)
	req.Wants = []plumbing.Hash{plumbing.Hash(commit)}
	if caps.partial {
		req.Filter = packp.FilterTreeDepth(2)
	}
	if _, err := r.fetch(ctx, sess, req, commit); err != nil {
		return err
	}
	r.state.mu.Lock()
	r.state.shallow = nil
	r.state.mu.Unlock()
	return nil
}

func (r *remote) maintain(context.Context, bool) error { return nil }

func (r *remote) close() error { return r.wire.close() }
