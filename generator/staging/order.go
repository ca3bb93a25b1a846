package staging

import (
	"slices"
	"strings"
)

// OlderThan reports whether a build is older than the one that a service runs. A
// build that replaces the running commit is not older. Otherwise builds of one
// pipeline are compared by run number, and others by the time of their commits. A
// build that cannot be compared is not older: somebody deploys it by hand, on
// purpose. Neither is the running build itself.
func (b Build) OlderThan(s Service) bool {
	switch {
	case s.From == FromDefault, b.built(s.Image) && b.Commit == s.Commit, b.Replaces != "" && b.Replaces == s.Commit:
		return false
	case b.Run.Pipeline != "" && b.Run.Pipeline == s.Run.Pipeline:
		return b.Run.Number < s.Run.Number
	case b.Repository != "" && b.Repository != s.Repository:
		return false
	}
	return !b.Committed.IsZero() && b.Committed.Before(s.Committed)
}

// built reports whether the build produced an image, which may be pinned to its digest.
func (b Build) built(image string) bool {
	tagged, _, _ := strings.Cut(image, "@")
	return b.Image == image || b.Image == tagged
}

// WithoutOlderBuilds returns the action without the builds that are older than the
// running ones, and the services of these builds. Pipelines do not always finish in
// the order in which they started.
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
