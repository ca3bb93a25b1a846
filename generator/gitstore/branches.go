package gitstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Branches lists the branches of a repository, sorted, as `git ls-remote` does:
// one short question, whatever the repository holds. Of the options, those that
// say where it is and how to reach it count.
func Branches(ctx context.Context, o Options) ([]string, error) {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	at, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if at.local == "" {
		return remoteBranches(ctx, at, &o)
	}
	lay, err := findLayout(at.local)
	if err != nil {
		return nil, err
	}
	return refs{lay.common}.branches()
}

func remoteBranches(ctx context.Context, at place, o *Options) (names []string, err error) {
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
	for name := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			names = append(names, branch)
		}
	}
	slices.Sort(names)
	return names, nil
}
