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

	"octopod/generator/staging"
)

// remote is a repository behind a server.
type remote struct {
	wire  wire
	shown string // URL without credentials
	ref   string
	keep  bool // the history, too
	log   *slog.Logger

	state remoteState
	turns turns
}

// remoteState is what is known of the remote.
type remoteState struct {
	mu      sync.Mutex
	can     abilities
	objs    *objects
	mem     *memory
	last    *tip
	shallow []Hash // commits whose parents were not fetched
}

func openRemote(p place, o *Options) (*remote, error) {
	r := &remote{shown: p.shown, ref: "refs/heads/" + o.Branch, keep: o.History, log: o.Logger.With("remote", p.shown)}
	var err error
	if p.url.Scheme == "ssh" {
		r.wire, err = newSSHWire(p, o)
	} else {
		r.wire, err = newHTTPWire(p, o)
	}
	return r, err
}

// refresh asks where the branch is and fetches what is missing of its tip.
// Callers that arrive while one asks share the next answer.
func (r *remote) refresh(ctx context.Context) (*tip, error) {
	return r.turns.share(ctx, func() (*tip, error) {
		t, err := r.look(ctx)
		return t, r.explain(err, "read")
	})
}

func (r *remote) latest(ctx context.Context) (*tip, error) {
	r.state.mu.Lock()
	last := r.state.last
	r.state.mu.Unlock()
	if last != nil {
		return last, nil
	}
	return r.refresh(ctx)
}

func (r *remote) look(ctx context.Context) (*tip, error) {
	began := time.Now()
	adv, sess, err := r.wire.list(ctx)
	r.note("list branches", began, 0, err)
	if emptyRepository(err) {
		return &tip{root: emptyTree, objs: r.start(abilities{})}, nil
	}
	if err != nil {
		return nil, err
	}
	defer sess.close()
	at, ok := adv.References[r.ref]
	if !ok {
		return nil, r.noBranch(adv)
	}
	commit := Hash(at)
	if t := r.known(ctx, commit); t != nil {
		return t, nil
	}
	return r.fetchTip(ctx, abilitiesOf(adv.Capabilities), sess, commit)
}

// noBranch is nil for a repository that has no branch at all, tags or not.
func (r *remote) noBranch(adv *packp.AdvRefs) error {
	var names []string
	for name := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			names = append(names, branch)
		}
	}
	slices.Sort(names)
	if err := noBranch(r.ref, r.shown, names); err != nil {
		return err
	}
	return failf(staging.CodeNotFound, nil, "push a first commit to it", "%s has no branches", r.shown)
}

// known gives the tip when it needs no fetch: nobody wrote, or we did.
func (r *remote) known(ctx context.Context, commit Hash) *tip {
	s := &r.state
	s.mu.Lock()
	last, mem, objs := s.last, s.mem, s.objs
	s.mu.Unlock()
	if last != nil && last.commit == commit {
		return last
	}
	if last == nil || !mem.has(commit) {
		return nil
	}
	t, err := readTip(ctx, objs, commit)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	s.last = t
	s.mu.Unlock()
	return t
}

// start makes room for a remote that is fetched for the first time, or anew.
// Snapshots that were taken before keep what they read from.
func (r *remote) start(can abilities) *objects {
	s := &r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	s.can, s.last, s.shallow = can, nil, nil
	s.mem = newMemory(nil)
	if can.lazy {
		s.mem.demand = r.demand(can)
	}
	s.objs = newObjects(s.mem)
	return s.objs
}

// fetchTip brings a commit and its upper trees: on top of what is here when
// there is something, else afresh.
func (r *remote) fetchTip(ctx context.Context, can abilities, sess session, commit Hash) (*tip, error) {
	s := &r.state
	s.mu.Lock()
	last, mem, shallow := s.last, s.mem, s.shallow
	s.mu.Unlock()
	if last != nil && !mem.full() {
		t, err := r.fetchMore(ctx, can, sess, commit, last.commit, shallow)
		if err == nil || ctx.Err() != nil {
			return t, err
		}
		if sess, err = r.wire.resume(ctx); err != nil {
			return nil, err
		}
		defer sess.close()
	}
	r.start(can)
	req := can.request(false)
	req.Wants = []plumbing.Hash{plumbing.Hash(commit)}
	if can.lazy {
		req.Filter = packp.FilterTreeDepth(2)
	}
	if can.shallow && !r.keep {
		req.Depth = packp.DepthCommits(1)
	}
	return r.fetch(ctx, sess, req, commit)
}

// fetchMore fetches the commits since the last one.
func (r *remote) fetchMore(ctx context.Context, can abilities, sess session, commit, last Hash, shallow []Hash) (*tip, error) {
	req := can.request(true)
	req.Wants = []plumbing.Hash{plumbing.Hash(commit)}
	req.Haves = []plumbing.Hash{plumbing.Hash(last)}
	for _, h := range shallow {
		req.Shallows = append(req.Shallows, plumbing.Hash(h))
	}
	if can.lazy {
		req.Filter = packp.FilterTreeDepth(2)
	}
	return r.fetch(ctx, sess, req, commit)
}

// fetch sends a request for a commit and keeps the answer.
func (r *remote) fetch(ctx context.Context, sess session, req *packp.UploadPackRequest, commit Hash) (*tip, error) {
	raw, shallow, err := r.upload(ctx, sess, req, "fetch "+commit.Short())
	if err != nil {
		return nil, err
	}
	s := &r.state
	s.mu.Lock()
	mem, objs := s.mem, s.objs
	s.mu.Unlock()
	if err := mem.pin(ctx, raw); err != nil {
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
	s.last = t
	return t, nil
}

// note logs one request: what it was for and the size of its pack.
func (r *remote) note(what string, began time.Time, bytes int, err error) {
	args := []any{"what", what, "bytes", bytes, "took", since(began)}
	if err != nil {
		args = append(args, "error", err)
	}
	r.log.Debug("git request", args...)
}

// upload makes one request of fetching and reads its answer: a pack, and the
// commits whose parents it leaves out.
func (r *remote) upload(ctx context.Context, sess session, req *packp.UploadPackRequest, what string) (raw []byte, shallow []plumbing.Hash, err error) {
	began := time.Now()
	res, err := sess.upload(ctx, req)
	if err == nil {
		shallow = res.Shallows
		raw, err = readPack(req, res)
	}
	r.note(what, began, len(raw), err)
	return raw, shallow, err
}

// demand gives the function that fetches single objects with all below them.
func (r *remote) demand(can abilities) func(context.Context, []Hash) ([]byte, error) {
	return func(ctx context.Context, want []Hash) ([]byte, error) {
		sess, err := r.wire.resume(ctx)
		if err != nil {
			return nil, r.explain(err, "read")
		}
		defer sess.close()
		req := can.request(false)
		req.Capabilities.Delete(capability.Filter)
		for _, h := range want {
			req.Wants = append(req.Wants, plumbing.Hash(h))
		}
		raw, _, err := r.upload(ctx, sess, req, fmt.Sprintf("fetch %d objects", len(want)))
		return raw, r.explain(err, "read")
	}
}

// push sends exactly the new objects and one command.
func (r *remote) push(ctx context.Context, u update) (pushed, error) {
	var words bytes.Buffer
	var sent []byte
	began := time.Now()
	report, err := r.wire.receive(ctx, func(caps *capability.List) *packp.ReferenceUpdateRequest {
		words.Reset()
		thin := caps == nil || !caps.Supports(noThin)
		sent = encodePush(ctx, u, thin)
		return pushRequest(caps, r.ref, u.base.commit, u.new.commit, sent, &words)
	})
	err = verdict(report, err, words.String())
	r.note("push "+u.new.commit.Short(), began, len(sent), err)
	if err != nil {
		return pushed{}, r.explain(err, "write")
	}
	t, err := r.adopt(ctx, u, sent)
	return pushed{tip: t, bytes: len(sent)}, err
}

const noThin = capability.Capability("no-thin")

// adopt keeps what was pushed, so that it need not be fetched.
func (r *remote) adopt(ctx context.Context, u update, sent []byte) (*tip, error) {
	mem := u.base.objs.source.(*memory)
	if err := mem.pin(ctx, sent); err != nil {
		return nil, fmt.Errorf("keep what was pushed: %w", err)
	}
	t := u.landed()
	s := &r.state
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mem == mem && s.last != nil { // else the remote was empty, or was fetched anew
		s.last = t
	}
	return t, nil
}

// encodePush packs new objects for a server; thin leaves out what it has.
func encodePush(ctx context.Context, u update, thin bool) []byte {
	w := newPackWriter(len(u.fresh), 1, false)
	for _, o := range u.fresh {
		if o.kind == treeObject && len(o.data) > deltaOver && !o.base.IsZero() && (thin || w.holds(o.base)) {
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

// history fetches the commits and upper trees that a shallow fetch left out.
func (r *remote) history(ctx context.Context, t *tip) (*objects, error) {
	s := &r.state
	s.mu.Lock()
	can, shallow, objs := s.can, len(s.shallow) > 0, s.objs
	s.mu.Unlock()
	if !shallow || t.commit.IsZero() {
		return objs, nil
	}
	err := r.turns.alone(ctx, func() error {
		sess, err := r.wire.resume(ctx)
		if err != nil {
			return err
		}
		defer sess.close()
		req := can.request(false)
		req.Wants = []plumbing.Hash{plumbing.Hash(t.commit)}
		if can.lazy {
			req.Filter = packp.FilterTreeDepth(2)
		}
		if _, err = r.fetch(ctx, sess, req, t.commit); err == nil {
			s.mu.Lock()
			s.shallow = nil
			s.mu.Unlock()
		}
		return err
	})
	return objs, r.explain(err, "read")
}

func (r *remote) tidy(context.Context, bool) error { return nil }

func (r *remote) close() error { return r.wire.close() }
