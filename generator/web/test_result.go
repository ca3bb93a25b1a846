package web

import (
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// testResult is what somebody found who tried a staging, in words.
type testResult struct {
	Class    cssClass
	Label    string
	Sentence string
	Since    string // what is different by now; empty where nothing is
	Note     string
	When     timestamp
	Versions []part // that were tried, where they are not the present ones
}

// testResultOf puts the mark of a staging into words; nil where there is none.
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
	found.Since = changedSinceTest(untried)
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

// changedSinceTest says what became different after somebody tried a staging.
func changedSinceTest(untried []staging.TestedPart) string {
	switch {
	case len(untried) > 1:
		return "Another version came since, and its settings were changed; nobody has tried it like that yet."
	case untried[0] == staging.TestedSettings:
		return "Its settings were changed since; nobody has tried it like that yet."
	}
	return "Another version came since; nobody has tried that one yet."
}

// Findings are what the form beside a staging begins with.
func (p *stagingPage) Findings() confirmPage { return confirmPage{Tested: p.Row.Tested} }
