package change

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// differences lists the changes of an update for people and for the commit message.
// A setting without an own value shows its fallback. Secret values are masked.
func (u update) differences() []staging.Difference {
	changes := staging.Differences(u.record, u.after)
	for i, c := range changes {
		parameter, ok := u.project.Spec.Parameters[c.What]
		if !ok {
			changes[i] = shown(c)
			continue
		}
		if u.record != nil && u.after != nil {
			c.From = cmp.Or(c.From, fallback(u.project, *u.record, c.What))
			c.To = cmp.Or(c.To, fallback(u.project, *u.after, c.What))
		}
		if parameter.Type != project.TypeSecret { // its values are references to secrets, not secrets
			c.From, c.To = staging.RedactValue(c.What, c.From), staging.RedactValue(c.What, c.To)
		}
		changes[i] = c
	}
	return changes
}

// shown returns a change of a text for the commit message: an old text may be a secret,
// or longer than a text may be today.
func shown(c staging.Difference) staging.Difference {
	c.From, c.To = staging.RedactValue("", c.From), staging.RedactValue("", c.To)
	c.From, c.To = staging.Shorten(c.From, staging.MaxReason), staging.Shorten(c.To, staging.MaxReason)
	return c
}

// fallback returns the value of a setting that the staging does not override, with
// its origin: info (default).
func fallback(p *project.Project, s staging.Staging, name string) string {
	setting := p.InheritedSetting(s, name)
	if setting.Value == nil {
		return ""
	}
	return fmt.Sprintf("%s (%s)", staging.FormatValue(setting.Value), setting.Origin)
}

// commitMessage returns subject and body of the commit: the subject sums the changes
// up in a few words, the body lists all of them.
func (u update) commitMessage(changes []staging.Difference) (subject, body string) {
	var words, lines []string
	for _, c := range changes {
		lines = append(lines, strings.ReplaceAll(c.String(), "\n", "\n  ")) // a value must not look like a trailer
		if word := u.headline(c); word != "" {
			words = append(words, word)
		}
	}
	const most = 3
	if len(words) > most {
		words = append(words[:most], fmt.Sprintf("and %d more", len(words)-most))
	}
	switch a := u.action; {
	case a.Verb == staging.Mark && a.Outcome == staging.Untested:
		words = []string{"taken away"}
	case a.Verb == staging.Mark:
		words = []string{strings.TrimSuffix(string(a.Outcome)+": "+strings.TrimSpace(a.Note), ": ")}
	case slices.Contains(staging.DataVerbs(), a.Verb):
		words = []string{u.dataHeadline()}
	case a.Reason != "" && a.Verb == staging.Set && !a.ReasonDerived && len(words) > 0:
		words[len(words)-1] += ": " + a.Reason
	case a.Reason != "":
		words = []string{a.Reason}
	}
	if len(u.pending) > 0 {
		words = append(words, "with pending changes")
		lines = append(lines, "pending changes: "+strings.Join(u.pending, ", "))
	}
	return strings.Join(words, ", "), strings.Join(lines, "\n")
}

// dataHeadline sums up a change of the data: to seed/small: refund test.
func (u update) dataHeadline() string {
	data := u.after.Spec.Data()
	words := map[staging.Verb]string{
		staging.ResetData: "to " + data.From, staging.RestoreData: "to " + data.From, staging.UndoData: "to " + data.From,
	}[u.action.Verb]
	words = cmp.Or(words, u.action.Label)
	return strings.TrimSuffix(words+": "+cmp.Or(u.action.Reason, strings.TrimSpace(u.action.Note)), ": ")
}

// headline returns a change in a word or two: backend 1f2e3d4, LOG_LEVEL=debug.
func (u update) headline(c staging.Difference) string {
	if u.after == nil || c.OfGrant() || slices.Contains([]string{"branch", "state", "pinned", "tested", "restarts", "test data"}, c.What) || strings.HasPrefix(c.What, "migrations of ") {
		return ""
	}
	if service, ok := u.after.Spec.Services[c.What]; ok {
		if service.From == staging.FromDefault {
			return ""
		}
		return c.What + " " + cmp.Or(service.Commit[:min(len(service.Commit), 7)], staging.ImageTag(service.Image))
	}
	switch {
	case u.isUnset(c.What):
		return c.What + " back to default"
	case c.To == "":
		return c.What + " removed"
	case len(c.To) > 40:
		return c.What
	}
	return c.What + "=" + c.To
}

// isUnset reports whether the action removes the staging's own value of a setting.
func (u update) isUnset(name string) bool {
	o := u.after.Spec.Overrides
	_, inApp := o.App[name]
	_, inDeployment := o.Deployment[name]
	return !inApp && !inDeployment && slices.Contains(u.action.Unset, name)
}
