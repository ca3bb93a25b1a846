package project

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"octopod/generator/staging"
)

// maxNote is the most that a note of a tester holds, in letters.
const maxNote = 500

// mark notes what somebody found who tried a staging, and what it ran then. The
// same of the same once more keeps who was first.
func (p *Project) mark(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	switch a.Outcome {
	case staging.Untested:
		s.Spec.Tested = nil
		return s, nil
	case staging.Tested, staging.Broken:
	default:
		return s, staging.Errorf(staging.CodeInvalid, "%q is no outcome of a test of staging %q", a.Outcome, s.Name).
			WithHint("it is tested, broken, or none to take the mark away")
	}
	next := &staging.Test{
		By: at.By, At: at.At, Outcome: a.Outcome, Note: strings.TrimSpace(a.Note), Services: s.Spec.Versions(), Settings: p.settingsSum(s),
	}
	if !next.SameResult(s.Spec.Tested) {
		s.Spec.Tested = next
	}
	c := problems{}
	c.addError("note", checkNote(next.Note))
	return s, staging.Invalid("the note cannot be kept", c)
}

// TestState weighs the mark of a staging. Of one that is outdated it tells what
// nobody has tried yet.
func (p *Project) TestState(s staging.Staging) (staging.TestState, []staging.TestedPart) {
	t := s.Spec.Tested
	if t == nil {
		return "", nil
	}
	if untried := t.Untested(s.Spec, p.settingsSum(s)); len(untried) > 0 {
		return staging.TestStateOutdated, untried
	}
	return staging.TestState(t.Outcome), nil
}

// settingsSum tells two sets of settings apart by what they come to, wherever
// each value stands. Those that are left to the template are none, so that a new
// parameter without a default changes nothing.
func (p *Project) settingsSum(s staging.Staging) string {
	values := map[string]any{}
	for _, setting := range p.Settings(s) {
		if setting.Origin != OriginTemplate {
			values[setting.Name] = setting.Value
		}
	}
	text, _ := json.Marshal(values) // of strings, numbers and booleans, in order of the names
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func checkNote(note string) error {
	switch {
	case strings.ContainsFunc(note, unicode.IsControl):
		return fmt.Errorf("holds a line break or a control character: write it in one line")
	case utf8.RuneCountInString(note) > maxNote:
		return fmt.Errorf("is longer than %d letters: put the rest where the team keeps its notes, and the address here", maxNote)
	}
	return nil
}

// checkTest looks at a mark that somebody may have written by hand.
func (c *problems) checkTest(t *staging.Test) {
	if t == nil {
		return
	}
	if t.Outcome != staging.Tested && t.Outcome != staging.Broken {
		c.add("spec.tested.outcome", "%q is no outcome: write tested or broken", t.Outcome)
	}
	c.addError("spec.tested.note", checkNote(t.Note))
}
