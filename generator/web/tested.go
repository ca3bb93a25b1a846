package web

import (
	"octopod/generator/project"
	"octopod/generator/staging"
)

// tested is what somebody found who tried a staging, in words.
type tested struct {
	Tone     tone
	Word     string
	Sentence string
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
	if view.Status.Tested != staging.Outdated {
		found.Sentence += " on this version"
		return &found
	}
	found.Tone, found.Word = asleep, found.Word+" earlier"
	found.Sentence += " on an earlier version; this one is not tested yet"
	for _, name := range mainFirst(v.project) {
		if version, there := t.Services[name]; there && v.shows(project.PartServices) {
			found.Versions = append(found.Versions, part{Name: name, Title: v.project.Spec.Services[name].Title, Image: version.Image})
		}
	}
	return &found
}

// Findings are what the form beside a staging begins with.
func (p *onePage) Findings() confirmPage { return confirmPage{Tested: p.Row.Tested} }
