package staging

import (
	"slices"
	"strings"
)

// OlderThan tells whether a build is older than what a service runs. One that
// is known to follow on it is not; else they are compared by number
// when both came from the same pipeline, else by the time of their commits.
// What cannot be compared is not older: a person who deploys by hand means it.
// The very same build is not older either.
func (b Build) OlderThan(s Service) bool {
	switch {
	case s.From == FromDefault, b.is(s.Image) && b.Commit == s.Commit, b.Replaces != "" && b.Replaces == s.Commit:
		return false
	case b.Run.Pipeline != "" && b.Run.Pipeline == s.Run.Pipeline:
		return b.Run.Number < s.Run.Number
	case b.Repository != "" && b.Repository != s.Repository:
		return false
	}
	return !b.Committed.IsZero() && b.Committed.Before(s.Committed)
}

// is tells whether a build made an image, which may be pinned to its digest.
func (b Build) is(image string) bool {
	tagged, _, _ := strings.Cut(image, "@")
	return b.Image == image || b.Image == tagged
}

// WithoutOlderBuilds gives the action without the builds that are older than what the
// staging runs, and the services that they were for. Pipelines do not always
// end in the order in which they began.
func (a Action) WithoutOlderBuilds(current *Staging) (newer Action, older []string) {
	if current == nil || a.Force {
		return a, nil
	}
	builds := map[string]Build{}
	for name, build := range a.Images {
		if build.OlderThan(current.Spec.Services[name]) {
			older = append(older, name)
		} else {
			builds[name] = build
		}
	}
	slices.Sort(older)
	a.Images = builds
	return a, older
}
