package gitstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Refs are what a repository offers to look at.
type Refs struct {
	Heads map[string]string // commit by branch
	Pulls map[int]string    // commit by the number of a pull request, open or not, where the forge shows them in git
}

// ListRefs asks as `git ls-remote` does: one short question, whatever the
// repository holds. Of the options, those that say where it is and how to reach
// it count.
func ListRefs(ctx context.Context, o Options) (Refs, error) {
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	at, err := parseURL(o.URL)
	if err != nil {
		return Refs{}, err
	}
	if at.local == "" {
		return remoteRefs(ctx, at, &o)
	}
	lay, err := findLayout(at.local)
	if err != nil {
		return Refs{}, err
	}
	heads, err := refs{lay.common}.heads()
	return Refs{Heads: heads}, err
}

func remoteRefs(ctx context.Context, at place, o *Options) (known Refs, err error) {
	r, err := openRemote(at, o)
	if err != nil {
		return Refs{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	began := time.Now()
	adv, sess, err := r.wire.list(ctx)
	r.note("list branches", began, 0, err)
	if emptyRepository(err) {
		return Refs{}, nil
	}
	if err != nil {
		return Refs{}, r.explain(err, "read")
	}
	defer sess.close()
	known = Refs{Heads: map[string]string{}, Pulls: map[int]string{}}
	for name, hash := range adv.References {
		if branch, ok := strings.CutPrefix(name, "refs/heads/"); ok {
			known.Heads[branch] = hash.String()
		} else if number, ok := pullOf(name); ok {
			known.Pulls[number] = hash.String()
		}
	}
	return known, nil
}

// pullOf reads the number of a pull request off its ref, as GitHub and Gitea
// (refs/pull/42/head), GitLab (merge-requests) and Bitbucket (pull-requests/42/from)
// write it.
func pullOf(ref string) (int, bool) {
	parts := strings.Split(ref, "/")
	if len(parts) != 4 || !slices.Contains([]string{"pull", "merge-requests", "pull-requests"}, parts[1]) || parts[3] != "head" && parts[3] != "from" {
		return 0, false
	}
	number, err := strconv.Atoi(parts[2])
	return number, err == nil
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
