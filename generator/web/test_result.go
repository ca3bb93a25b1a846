package web

import (
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
