package web

import (
	"context"
	"reflect"
	"sync"
	"time"

	"octopod/generator/project"
)

// rulesFor is how long octopod.yaml is not read again. A feed looks as often.
const rulesFor = 2 * time.Second

// served is a project with what is kept of it between requests.
type served struct {
	Project
	now  func() time.Time
	rows rowCache

	mu      sync.Mutex
	project *project.Project
	stale   error
	readAt  time.Time
	reading bool
}

func newServed(p Project, now func() time.Time) *served { return &served{Project: p, now: now} }

// rules gives octopod.yaml, read a moment ago. While it cannot be read, or
// takes long, the last one serves; stale says why.
func (s *served) rules(ctx context.Context) (p *project.Project, stale, err error) {
	s.mu.Lock()
	if s.project != nil && (s.reading || s.now().Sub(s.readAt) < rulesFor) {
		defer s.mu.Unlock()
		return s.project, s.stale, nil
	}
	s.reading = true
	s.mu.Unlock()
	read, err := s.Stagings.Project(context.WithoutCancel(ctx)) // others wait for the answer too
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.readAt, s.stale = false, s.now(), err
	if err == nil && !reflect.DeepEqual(read, s.project) { // rows are kept for as long as it is the same
		s.project = read
	}
	if s.project == nil {
		return nil, nil, err
	}
	return s.project, s.stale, nil
}

// path is the address of a page of the project.
func (s *served) path(rest string) string { return "/" + s.Name + "/" + rest }

// of is the address of a page of one staging.
func (s *served) of(name, rest string) string {
	at := s.path("stagings/" + name)
	if rest != "" {
		at += "/" + rest
	}
	return at
}
