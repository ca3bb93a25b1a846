package gitstore

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"octopod/generator/giturl"
)

// Refs are the branches and pull requests of a repository.
type Refs struct {
	Heads map[string]string // commit by branch
	Pulls map[int]string    // commit by pull request number, open or closed, on forges that have refs for them
}

// ListRefs lists the branches and pull requests as `git ls-remote` does: one short
// request, whatever the size of the repository. It uses only the options that
// locate and authenticate.
func ListRefs(ctx context.Context, o Options) (Refs, error) {
	o.setDefaults()
	at, err := parseURL(o.URL)
	if err != nil {
		return Refs{}, err
	}
	if at.Remote() {
		return remoteRefs(ctx, at, &o)
	}
	lay, err := findLayout(at.Local())
	if err != nil {
		return Refs{}, err
	}
	heads, err := refs{lay.common}.heads()
	return Refs{Heads: heads}, err
}

func remoteRefs(ctx context.Context, at giturl.URL, o *Options) (known Refs, err error) {
	r, err := openRemote(at, o)
	if err != nil {
		return Refs{}, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	return retry(ctx, o, func() (Refs, error) { return r.listRefs(ctx) })
}

// listRefs lists the branches and pull requests once.
func (r *remote) listRefs(ctx context.Context) (known Refs, err error) {
	began := time.Now()
	adv, sess, err := r.wire.listRefs(ctx)
	r.logRequest("list branches", began, 0, err)
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

// pullOf returns the pull request number in a ref of GitHub or Gitea
// (refs/pull/42/head), GitLab (refs/merge-requests/42/head) or Bitbucket
// (refs/pull-requests/42/from).
func pullOf(ref string) (int, bool) {
	parts := strings.Split(ref, "/")
	if len(parts) != 4 || !slices.Contains([]string{"pull", "merge-requests", "pull-requests"}, parts[1]) || parts[3] != "head" && parts[3] != "from" {
		return 0, false
	}
	number, err := strconv.Atoi(parts[2])
	return number, err == nil
}

// heads returns the branches of a local repository. It skips branches that are
// deleted meanwhile.
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
