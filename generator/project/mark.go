package project

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"octopod/generator/staging"
)

// maxNote is the most that a note of a tester holds, in letters.
const maxNote = 500

// mark notes what somebody found who tried a staging, and what it ran then. The
// same of the same version once more keeps who was first.
func mark(s staging.Staging, a staging.Action, at staging.Stamp) (staging.Staging, error) {
	switch a.Outcome {
	case staging.Untested:
		s.Spec.Tested = nil
		return s, nil
	case staging.Tested, staging.Broken:
	default:
		return s, staging.Errorf(staging.CodeInvalid, "%q is no outcome of a test of staging %q", a.Outcome, s.Name).
			WithHint("it is tested, broken, or none to take the mark away")
	}
	next := &staging.Test{By: at.By, At: at.At, Outcome: a.Outcome, Note: strings.TrimSpace(a.Note), Services: s.Spec.Versions()}
	if !next.Same(s.Spec.Tested) {
		s.Spec.Tested = next
	}
	c := faults{}
	c.addError("note", checkNote(next.Note))
	return s, staging.Invalid("the note cannot be kept", c)
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
func (c *faults) checkTest(t *staging.Test) {
	if t == nil {
		return
	}
	if t.Outcome != staging.Tested && t.Outcome != staging.Broken {
		c.add("spec.tested.outcome", "%q is no outcome: write tested or broken", t.Outcome)
	}
	c.addError("spec.tested.note", checkNote(t.Note))
}
