package web

import (
	"net/url"
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// testResultOf returns the test result of a staging; nil without one.
func (req *projectRequest) testResultOf(view *staging.View) *testResult {
	t := view.Spec.Tested
	if t == nil {
		return nil
	}
	found := map[staging.Outcome]testResult{
		staging.Tested: {Class: classGood, Label: "Tested", Sentence: "Tested"},
		staging.Broken: {Class: classBad, Label: "Broken", Sentence: "Found broken"},
	}[t.Outcome]
	found.Note, found.When = t.Note, timestamp{t.At}
	if t.By != "" {
		found.Sentence += " by " + t.By
	}
	untried := view.Status.Untested
	if len(untried) == 0 {
		found.Sentence += " on this version"
		return &found
	}
	found.Class, found.Label = classInactive, found.Label+" earlier"
	found.Since, found.New = changedSinceTest(untried), req.sinceTestPath(view)
	if !slices.Contains(untried, staging.TestedVersions) {
		return &found
	}
	for _, name := range mainFirst(req.project) {
		if version, there := t.Services[name]; there && req.shows(project.SectionServices) {
			found.Versions = append(found.Versions, part{Name: name, Title: req.project.Spec.Services[name].Title, Image: version.Image})
		}
	}
	return &found
}

// changedSinceTest describes the changes since a test.
func changedSinceTest(untried []staging.TestedPart) string {
	switch {
	case len(untried) > 1:
		return "New versions were deployed and settings changed since; nobody has tested this state yet."
	case untried[0] == staging.TestedSettings:
		return "Settings changed since; nobody has tested this state yet."
	}
	return "New versions were deployed since; nobody has tested them yet."
}

// untestable returns why nobody can have tested what the record wants; "" while it runs,
// and where nobody knows.
func (req *projectRequest) untestable(view *staging.View) string {
	phase := view.Status.Phase
	if last := view.Status.LastKnown; last != nil {
		phase = last.Phase
	}
	switch phase {
	case "", staging.PhaseUnknown:
		return ""
	case staging.PhaseRunning:
		if req.lacksBuild(view) {
			return "Nothing of this branch runs here yet, so there is nothing to test."
		}
		return ""
	}
	if req.shows(project.SectionServices) {
		for _, p := range req.parts(view) {
			if live := view.Status.Services[p.Name].Live; p.Known && !p.Live {
				return p.Title + " " + tag(p.Image) + " is not running yet: you are still looking at " + tag(live[0]) + "."
			}
		}
	}
	return "This version is not running yet, so it can only be found broken."
}

// lacksBuild reports whether a staging runs nothing that was built for it: every part has
// the default version, and the branch is not the one that the defaults come from.
func (req *projectRequest) lacksBuild(view *staging.View) bool {
	for name, service := range view.Spec.Services {
		if service.From != staging.FromDefault || req.project.Spec.Services[name].DefaultBranch == view.Spec.Branch {
			return false
		}
	}
	return view.Spec.State == staging.Active && len(view.Spec.Services) > 0 && view.Spec.Branch != ""
}

// statusText returns the status of a staging in the words of the viewer.
func (req *projectRequest) statusText(view *staging.View) statusText {
	text := statusTextOf(view, req.shows(project.SectionDetail), req.project.ServiceTitles())
	if view.Status.Phase == staging.PhaseRunning && req.lacksBuild(view) {
		return unbuilt(text)
	}
	return text
}

// sinceTestPath returns the page of what is new since the test of a staging, and its label.
func (req *projectRequest) sinceTestPath(view *staging.View) link {
	name, by := view.Metadata.Name, view.Spec.Tested.By
	if by != "" && by == req.viewer.Person.Name {
		return link{"What is new since you tested", req.comparePath(name, url.Values{"since": {sinceMine}})}
	}
	return link{"What is new since this test", req.comparePath(name, url.Values{"since": {sinceTest}})}
}

// The values of ?since=: what the viewer tested, and what anybody tested last.
const (
	sinceMine = "mark"
	sinceTest = "test"
)
