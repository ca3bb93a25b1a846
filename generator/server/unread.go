package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Pauses between attempts to read an env repo.
const (
	firstRetry   = time.Second
	longestRetry = 30 * time.Second
)

// firstReadLimit is how long the first read of an env repo may hold up the readiness of the
// server. It does not end the read.
const firstReadLimit = 10 * time.Second

// unread is why an env repo could not be read since the server began.
type unread struct {
	err   error
	since time.Time
}

// run reads the env repo until it succeeds, then runs the feed until ctx ends. No project
// waits for another.
func (s *servedProject) run(ctx context.Context) {
	began := s.feed.Now()
	slow := time.AfterFunc(firstReadLimit, func() {
		s.unread.CompareAndSwap(nil, &unread{staging.Errorf(staging.CodeUnavailable, "the git server does not answer"), began})
	})
	defer slow.Stop()
	for pause := firstRetry; s.name.Load() == nil && ctx.Err() == nil; pause = min(2*pause, longestRetry) {
		err := s.read(ctx)
		if err == nil || ctx.Err() != nil {
			break
		}
		s.unread.Store(&unread{err, began})
		s.log.WarnContext(ctx, "cannot read the env repo", "repository", s.repo, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	slow.Stop()
	s.feed.Run(ctx)
}

// read reads the env repo into memory, and the name of the project from it.
func (s *servedProject) read(ctx context.Context) error {
	if err := s.feed.Read(ctx); err != nil {
		return err
	}
	p, err := s.knownProject(ctx)
	if err != nil {
		return err
	}
	if err := s.claim(p.Metadata.Name); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "project is ready", "project", p.Metadata.Name)
	return nil
}

// missing reports whether the project may appear once its env repo can be read.
func (s *servedProject) missing() bool { return s.name.Load() == nil && !s.duplicate.Load() }

// reason says why the env repo cannot be read, without its address, because octopod.yaml
// defines its readers.
func (u *unread) reason() string {
	switch staging.CodeOf(u.err) {
	case staging.CodeUnauthorized, staging.CodeForbidden:
		return "its git server does not accept Octopod’s credentials"
	case staging.CodeNotFound:
		return "the repository, its branch or its octopod.yaml is missing"
	case staging.CodeInvalid:
		return "its octopod.yaml is invalid"
	}
	return "its git server does not answer as it should"
}

// readiness returns "" when the server is ready: when every env repo was read or could not
// be, and one of them was. Otherwise it returns why it is not.
func (h *projectSet) readiness() string {
	read := 0
	for _, s := range h.all() {
		switch {
		case s.duplicate.Load():
		case s.name.Load() != nil:
			read++
		case s.unread.Load() == nil:
			return "an env repo was not read yet"
		}
	}
	if read == 0 {
		return "no env repo can be read: " + strings.Join(h.unreadReasons(), "; ")
	}
	return ""
}

// unreadReasons says why env repos were not read, each reason once.
func (h *projectSet) unreadReasons() []string {
	var reasons []string
	for _, s := range h.all() {
		if u := s.unread.Load(); s.missing() && u != nil && !slices.Contains(reasons, u.reason()) {
			reasons = append(reasons, u.reason())
		}
	}
	return reasons
}

// unreadError returns the error for a project that the server does not have while some env
// repos are not read, nil when all are. It is the same for every name, so it reveals
// no project.
func (h *projectSet) unreadError() error {
	missing, since := 0, time.Time{}
	for _, s := range h.all() {
		if !s.missing() {
			continue
		}
		missing++
		if u := s.unread.Load(); u != nil && (since.IsZero() || u.since.Before(since)) {
			since = u.since
		}
	}
	reasons := h.unreadReasons()
	switch {
	case missing == 0:
		return nil
	case len(reasons) == 0:
		return staging.Errorf(staging.CodeUnavailable, "the server has not read all env repos yet").WithHint("try again in a moment")
	}
	return staging.Errorf(staging.CodeUnavailable, "Octopod cannot read %s since %s: %s", envRepos(missing, len(h.all())),
		since.UTC().Format("15:04 MST"), strings.Join(reasons, "; ")).
		WithHint("this project may be the one; it is here as soon as its env repo can be read. The log of the server has the details")
}

func envRepos(missing, all int) string {
	if all == 1 {
		return "its env repo"
	}
	return fmt.Sprintf("%d of its %d env repos", missing, all)
}
