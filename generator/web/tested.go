package web

import (
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// tested is what somebody found who tried a staging, in words.
type tested struct {
	Tone     tone
	Word     string
	Sentence string
	Since    string // what is different by now; empty where nothing is
	Note     string
	When     moment
	Versions []part // that were tried, where they are not the present ones
}

// testedOf puts the mark of a staging into words; nil where there is none.
func (v *visit) testedOf(view *staging.View) *tested {
	t := view.Spec.Tested
	if t == nil {
		return nil
	}
	found := map[staging.Outcome]tested{
		staging.Tested: {Tone: good, Word: "Tested", Sentence: "Tested"},
		staging.Broken: {Tone: bad, Word: "Broken", Sentence: "Found broken"},
	}[t.Outcome]
	found.Note, found.When = t.Note, moment{t.At}
	if t.By != "" {
		found.Sentence += " by " + t.By
	}
	untried := view.Status.Untested
	if len(untried) == 0 {
		found.Sentence += " on this version"
		return &found
	}
	found.Tone, found.Word = asleep, found.Word+" earlier"
	found.Since = sinceThen(untried)
	if !slices.Contains(untried, staging.TestedVersions) {
		return &found
	}
	for _, name := range mainFirst(v.project) {
		if version, there := t.Services[name]; there && v.shows(project.SectionServices) {
			found.Versions = append(found.Versions, part{Name: name, Title: v.project.Spec.Services[name].Title, Image: version.Image})
		}
	}
	return &found
}

// sinceThen says what became different after somebody tried a staging.
func sinceThen(untried []staging.TestedPart) string {
	switch {
	case len(untried) > 1:
		return "Another version came since, and its settings were changed; nobody has tried it like that yet."
	case untried[0] == staging.TestedSettings:
		return "Its settings were changed since; nobody has tried it like that yet."
	}
	return "Another version came since; nobody has tried that one yet."
}

// Findings are what the form beside a staging begins with.
func (p *onePage) Findings() confirmPage { return confirmPage{Tested: p.Row.Tested} }
