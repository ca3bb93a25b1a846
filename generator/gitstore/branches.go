package gitstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// Branches lists the branches of a repository, sorted. See Heads.
func Branches(ctx context.Context, o Options) ([]string, error) {
	heads, err := Heads(ctx, o)
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(heads)), nil
}

// Heads gives the branches of a repository and the commit that each is at, as
// `git ls-remote` does: one short question, whatever the repository holds. Of the
// options, those that say where it is and how to reach it count.
func Heads(ctx context.Context, o Options) (map[string]string, error) {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	at, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if at.local == "" {
		return remoteHeads(ctx, at, &o)
	}
	lay, err := findLayout(at.local)
	if err != nil {
		return nil, err
	}
	return refs{lay.common}.heads()
}

func remoteHeads(ctx context.Context, at place, o *Options) (heads map[string]string, err error) {
	r, err := openRemote(at, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	began := time.Now()
	adv, sess, err := r.wire.list(ctx)
	r.note("list branches", began, 0, err)
	if emptyRepository(err) {
		return nil, nil
	}
	if err != nil {
		return nil, r.explain(err, "read")
	}
	defer sess.close()
	heads = map[string]string{}
	for name, hash := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			heads[branch] = hash.String()
		}
	}
	return heads, nil
}

// heads gives the branches of a local repository. One that goes meanwhile is gone.
func (r refs) heads() (map[string]string, error) {
	names, err := r.branches()
	if err != nil {
		return nil, err
	}
	heads := map[string]string{}
	for _, name := range names {
		hash, err := r.read("refs/heads/" + name)
		if err != nil {
			return nil, err
		}
		if !hash.IsZero() {
			heads[name] = hash.String()
		}
	}
	return heads, nil
}
