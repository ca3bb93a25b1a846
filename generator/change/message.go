package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// differences lists what a step changes, as it may be shown and kept in a
// commit message: a setting that has no value of its own shows what it falls
// back to instead of nothing, and a secret shows nothing of itself.
func differences(p *project.Project, s step) []staging.Difference {
	changes := staging.Differences(s.before, s.after)
	for i, c := range changes {
		parameter, ok := p.Spec.Parameters[c.What]
		if !ok {
			continue
		}
		if s.before != nil && s.after != nil {
			c.From = cmp.Or(c.From, fallback(p, *s.before, c.What))
			c.To = cmp.Or(c.To, fallback(p, *s.after, c.What))
		}
		if parameter.Type != project.TypeSecret { // a reference names a secret and is none
			c.From, c.To = staging.RedactValue(c.What, c.From), staging.RedactValue(c.What, c.To)
		}
		changes[i] = c
	}
	return changes
}

// fallback reads: info (default).
func fallback(p *project.Project, s staging.Staging, name string) string {
	setting := p.InheritedSetting(s, name)
	if setting.Value == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", staging.FormatValue(setting.Value), setting.Origin)
}

// describe gives subject and body of a commit: the subject says it in a few
// words, the body lists every difference.
func describe(s step, changes []staging.Difference) (subject, body string) {
	var words, lines []string
	for _, c := range changes {
		lines = append(lines, c.String())
		if word := headline(s, c); word != "" {
			words = append(words, word)
		}
	}
	const most = 3
	if len(words) > most {
		words = append(words[:most], fmt.Sprintf("and %d more", len(words)-most))
	}
	switch a := s.action; {
	case a.Verb == staging.Mark && a.Outcome == staging.Untested:
		words = []string{"taken away"}
	case a.Verb == staging.Mark:
		words = []string{strings.TrimSuffix(string(a.Outcome)+": "+strings.TrimSpace(a.Note), ": ")}
	case a.Reason != "" && a.Verb != staging.Delete:
		words = []string{a.Reason}
	}
	return strings.Join(words, ", "), strings.Join(lines, "\n")
}

// headline says one difference in a word or two: backend 1f2e3d4, LOG_LEVEL=debug.
func headline(s step, c staging.Difference) string {
	if s.after == nil || slices.Contains([]string{"branch", "state", "pinned", "tested", "restarts"}, c.What) {
		return ""
	}
	if service, ok := s.after.Spec.Services[c.What]; ok {
		if service.From == staging.FromDefault {
			return ""
		}
		return c.What + " " + cmp.Or(service.Commit[:min(len(service.Commit), 7)], staging.ImageTag(service.Image))
	}
	switch {
	case isUnset(s, c.What):
		return c.What + " back to default"
	case c.To == "":
		return c.What + " removed"
	case len(c.To) > 40:
		return c.What
	}
	return c.What + "=" + c.To
}

// isUnset tells whether a setting lost the staging's own value.
func isUnset(s step, name string) bool {
	o := s.after.Spec.Overrides
	_, inApp := o.App[name]
	_, inDeployment := o.Deployment[name]
	return !inApp && !inDeployment && slices.Contains(s.action.Unset, name)
}
