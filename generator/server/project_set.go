package server

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// projectSet holds all projects of the server. It is what web and httpapi see of
// the server.
type projectSet struct {
	list       atomic.Pointer[[]*servedProject]
	claims     sync.Mutex // serializes changes of the list, and claims of names
	successors map[*servedProject]*servedProject
	refused    func(context.Context, error) // writes the audit log
}

// newProjectSet returns a set of projects.
func newProjectSet(projects ...*servedProject) *projectSet {
	h := &projectSet{successors: map[*servedProject]*servedProject{}}
	h.list.Store(&projects)
	return h
}

// all returns the projects that are served.
func (h *projectSet) all() []*servedProject { return *h.list.Load() }

// successorOf returns the project that takes the place of another as soon as its env repo
// can be read; nil without one.
func (h *projectSet) successorOf(s *servedProject) *servedProject {
	h.claims.Lock()
	defer h.claims.Unlock()
	return h.successors[s]
}

// replaceProjects serves other projects. A project that was opened again for
// the same env repo waits until it was read: until then, the former one is served. It
// returns the projects that are no longer needed.
func (h *projectSet) replaceProjects(projects []*servedProject) (retired []*servedProject) {
	h.claims.Lock()
	defer h.claims.Unlock()
	former, waiting := h.all(), h.successors
	h.successors = map[*servedProject]*servedProject{}
	list := slices.Clone(projects)
	for i, s := range list {
		if old := predecessor(s, former, projects); old != nil {
			list[i], h.successors[old] = old, s
		}
	}
	for _, s := range former {
		for _, old := range []*servedProject{s, waiting[s]} {
			if old != nil && !slices.Contains(list, old) && h.successors[s] != old {
				retired = append(retired, old)
			}
		}
	}
	h.list.Store(&list)
	return retired
}

// predecessor returns the project of the same env repo that a project replaces, nil if it
// replaces none.
func predecessor(s *servedProject, former, kept []*servedProject) *servedProject {
	if s.name.Load() != nil {
		return nil
	}
	for _, old := range former {
		if old != s && old.repo == s.repo && old.name.Load() != nil && !slices.Contains(kept, old) {
			return old
		}
	}
	return nil
}

// claim stores the name of a project, unless another project of the server has it: their
// addresses, tokens and webhooks would be mixed up. A project that replaces another one
// takes its place.
func (h *projectSet) claim(s *servedProject, name string) error {
	h.claims.Lock()
	defer h.claims.Unlock()
	list := slices.Clone(h.all())
	var former *servedProject
	for i, other := range list {
		switch {
		case h.successors[other] == s:
			former, list[i] = other, s
		case other != s && other.title() == name:
			s.duplicate.Store(true)
			return staging.Errorf(staging.CodeConflict, "the env repos %s and %s both name their project %s: the second is not served", other.repo, s.repo, name).
				WithTechnicalHint("give one of them another metadata.name in octopod.yaml")
		}
	}
	s.duplicate.Store(false)
	s.name.Store(&name)
	if former != nil {
		delete(h.successors, former)
		h.list.Store(&list)
		former.retire()
	}
	return nil
}

// neighbors returns the env repos of the other projects, as they are in memory, so that a
// project compares its names in the cluster with theirs. It leaves out an env repo that was
// not read: it must not stop the others.
func (h *projectSet) neighbors(ctx context.Context, of *servedProject) map[string]*envrepo.Tree {
	trees := map[string]*envrepo.Tree{}
	for _, other := range h.all() {
		if other == of || other.name.Load() == nil || other.repo == of.repo {
			continue
		}
		if tree, err := other.stagings.Repo.Tip(envrepo.FromMemory(ctx)); err == nil {
			trees["env repo "+other.repo] = tree
		}
	}
	return trees
}
