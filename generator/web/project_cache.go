package web

import (
	"context"
	"html/template"
	"net/url"
	"reflect"
	"sync"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// projectTTL is how long octopod.yaml is cached. The feed polls as often.
const projectTTL = 2 * time.Second

// projectCache caches the octopod.yaml and the rows of a project between requests.
type projectCache struct {
	Project
	now    func() time.Time
	rows   rowCache
	people peopleCache

	mu      sync.Mutex
	project *project.Project
	stale   error
	readAt  time.Time
	reading bool
}

func newProjectCache(p Project, now func() time.Time) *projectCache {
	return &projectCache{Project: p, now: now}
}

// currentProject returns octopod.yaml, at most projectTTL old. While it cannot be
// read or another request is reading it, the last version is returned; stale is the
// error of the last read.
func (s *projectCache) currentProject(ctx context.Context) (p *project.Project, stale, err error) {
	s.mu.Lock()
	if s.project != nil && (s.reading || s.now().Sub(s.readAt) < projectTTL) {
		defer s.mu.Unlock()
		return s.project, s.stale, nil
	}
	s.reading = true
	s.mu.Unlock()
	read, err := s.Rules(context.WithoutCancel(ctx)) // other requests use the result too
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reading, s.readAt, s.stale = false, s.now(), err
	if err == nil && !reflect.DeepEqual(read, s.project) { // cached rows depend on the pointer
		s.project = read
	}
	if s.project == nil {
		return nil, nil, err
	}
	return s.project, s.stale, nil
}

// path returns the path of a page of the project.
func (s *projectCache) path(rest string) string { return "/" + s.Name + "/" + rest }

// stagingPath returns the path of a page of one staging.
func (s *projectCache) stagingPath(name, rest string) string {
	at := s.path("stagings/" + name)
	if rest != "" {
		at += "/" + rest
	}
	return at
}

// cachedRow is a row with its search texts and HTML.
type cachedRow struct {
	*row
	view       *staging.View // redacted for the role
	lowerTexts []string      // lowercase
	places     []string      // addresses in lowercase, without scheme
	once       sync.Once
	html       template.HTML
	err        error
}

func (req *projectRequest) comparePath(name string, asked url.Values) string {
	path := req.stagingPath(name, "compare")
	if len(asked) == 0 {
		return path
	}
	return path + "?" + asked.Encode()
}
