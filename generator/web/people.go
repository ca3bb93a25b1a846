package web

import (
	"context"
	"slices"
	"strings"
	"sync"

	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// people holds who acted on each staging. Its zero value knows nobody.
type people map[string]*actedOn

// actedOn is who acted on one staging.
type actedOn struct {
	names   []string // in lowercase
	testers []string // names and mail addresses in lowercase
}

// names returns the people who acted on a staging, in lowercase.
func (p people) names(name string) []string {
	if acted := p[name]; acted != nil {
		return acted.names
	}
	return nil
}

// tested reports whether a person tested a staging, now or earlier.
func (p people) tested(name string, by *signatures) bool {
	acted := p[name]
	return acted != nil && by.areIn(acted.testers)
}

// peopleCache caches the people of a project by role. It reads the history once, and
// then only what is new.
type peopleCache struct {
	mu     sync.Mutex
	byRole map[project.Role]*rolePeople
}

type rolePeople struct {
	people people
	newest string // the newest revision that was read
}

// listViewer returns the viewer of a list. A viewer who may not read the history of
// every staging knows the people of the records alone.
func (req *projectRequest) listViewer(ctx context.Context) *viewerOfList {
	by := &viewerOfList{signatures: signaturesOf(req.viewer.Person)}
	const everyStaging = "*"
	if !req.shows(project.SectionHistory) || !req.shows(project.SectionAuthor) || req.viewer.Authorize(req.project, rights.Read, everyStaging) != nil {
		return by
	}
	c := &req.projectCache.people
	kept := c.of(req.role)
	if next, err := req.updatePeople(ctx, kept); err == nil { // on an error, the records alone still answer
		c.keep(req.role, next)
		kept = next
	}
	by.people = kept.people
	return by
}

func (c *peopleCache) of(role project.Role) *rolePeople {
	c.mu.Lock()
	defer c.mu.Unlock()
	if kept := c.byRole[role]; kept != nil {
		return kept
	}
	return &rolePeople{}
}

func (c *peopleCache) keep(role project.Role, people *rolePeople) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byRole == nil {
		c.byRole = map[project.Role]*rolePeople{}
	}
	c.byRole[role] = people
}

// updatePeople returns the people of the history, given those of an earlier state.
func (req *projectRequest) updatePeople(ctx context.Context, kept *rolePeople) (*rolePeople, error) {
	for limit := 16; ; limit *= 8 {
		if kept.newest == "" {
			limit = 0
		}
		events, err := req.Histories(ctx, limit)
		if err != nil || len(events) == 0 {
			return kept, err
		}
		known := slices.IndexFunc(events, func(e staging.Event) bool { return e.Revision == kept.newest })
		switch {
		case known == 0:
			return kept, nil
		case known > 0:
			return kept.with(events[:known]), nil
		case limit == 0 || len(events) < limit: // all of it, or a history that was rewritten
			return (&rolePeople{}).with(events), nil
		}
	}
}

// with returns a copy with further events, newest first. A page that is being built
// keeps the old one.
func (k *rolePeople) with(events []staging.Event) *rolePeople {
	next := &rolePeople{people: make(people, len(k.people)), newest: events[0].Revision}
	for name, acted := range k.people {
		next.people[name] = acted
	}
	for _, e := range slices.Backward(events) {
		if e.Staging == "" {
			continue
		}
		if e.Verb == staging.Create {
			delete(next.people, e.Staging) // another staging had the name
		}
		next.people[e.Staging] = next.people[e.Staging].with(e)
	}
	return next
}

func (a *actedOn) with(e staging.Event) *actedOn {
	next := &actedOn{}
	if a != nil {
		*next = *a
	}
	name, email := strings.ToLower(e.By.Name), strings.ToLower(e.By.Email)
	if name != "" && !slices.Contains(next.names, name) {
		next.names = append(slices.Clip(next.names), name)
	}
	if e.Verb == staging.Mark && !slices.Contains(next.testers, email) {
		next.testers = append(slices.Clip(next.testers), name, email)
	}
	return next
}
