package project

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode"

	"octopod/generator/staging"
)

// mark records a test result with the tested versions and settings. Recording the same
// result again keeps the first one.
func (p *Project) mark(s staging.Staging, a staging.Action, at staging.Attribution) (staging.Staging, error) {
	switch a.Outcome {
	case staging.Untested:
		s.Spec.Tested = nil
		return s, nil
	case staging.Tested, staging.Broken:
	default:
		return s, staging.Errorf(staging.CodeInvalid, "%q is not a test result of staging %q", a.Outcome, s.Name).
			WithHint("write tested or broken, or none to remove the mark")
	}
	next := &staging.Test{
		By: at.By, At: at.At, Outcome: a.Outcome, Note: strings.TrimSpace(a.Note), Services: s.Spec.Versions(), Settings: p.settingsSum(s),
	}
	if !next.SameResult(s.Spec.Tested) {
		s.Spec.Tested = next
	}
	return s, nil
}

// TestState returns the test result of a staging at its present versions and settings,
// and the parts that have changed since the test. content is the hash of the staging's
// files; "" if it is unknown.
func (p *Project) TestState(s staging.Staging, content string) (staging.TestState, []staging.TestedPart) {
	t := s.Spec.Tested
	if t == nil {
		return "", nil
	}
	if changed := t.Untested(s.Spec, p.settingsSum(s), content); len(changed) > 0 {
		return staging.TestStateOutdated, changed
	}
	return staging.TestState(t.Outcome), nil
}

// BindMark binds the mark of a staging to the settings that run, those of ran, an earlier
// octopod.yaml. They differ from the present ones while a changed default is pending. Then
// the mark counts as long as the files have the given content.
func (p *Project) BindMark(s *staging.Staging, ran *Project, content string) {
	if sum := ran.settingsSum(*s); s.Spec.Tested != nil && sum != p.settingsSum(*s) {
		s.Spec.Tested.Settings = sum + "/" + content
	}
}

// settingsSum returns a checksum of the effective settings, wherever each value is
// defined. It ignores settings that the template decides, so that a new parameter
// without a default changes nothing.
func (p *Project) settingsSum(s staging.Staging) string {
	values := map[string]any{}
	for _, setting := range p.Settings(s) {
		if setting.Origin != OriginTemplate && !setting.Unused {
			values[setting.Name] = setting.Value
		}
	}
	text, _ := json.Marshal(values) // of strings, numbers and booleans, in order of the names
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// checkTest validates a mark, which may be written by hand.
func (c *problems) checkTest(t *staging.Test) {
	if t == nil {
		return
	}
	if t.Outcome != staging.Tested && t.Outcome != staging.Broken {
		c.add("spec.tested.outcome", "%q is not a test result: write tested or broken", t.Outcome)
	}
	if strings.ContainsFunc(t.Note, unicode.IsControl) {
		c.add("spec.tested.note", "contains a control character")
	}
}
