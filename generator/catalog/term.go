package catalog

import (
	"strings"

	"octopod/generator/staging"
)

// Term is one condition of a selector: branch=feature/login, state!=archived.
type Term struct {
	Field string
	Value string
	Not   bool
}

// selectable are the fields a Term may name, beside any setting of the project.
const selectable = "name, title, branch, state, author, pr, preset, pinned, tested, or a setting such as LOG_LEVEL"

// ParseTerms reads a selector: terms joined by commas.
func ParseTerms(selector string) ([]Term, error) {
	var terms []Term
	for part := range strings.SplitSeq(selector, ",") {
		field, value, ok := strings.Cut(part, "=")
		field = strings.TrimSuffix(field, "=") // == as in kubectl
		field, not := strings.CutSuffix(field, "!")
		if part == "" {
			continue
		}
		if !ok || field == "" {
			return nil, staging.Errorf(staging.CodeInvalid, "%q is no selector", part).
				WithHint("write FIELD=VALUE or FIELD!=VALUE; fields are %s", selectable)
		}
		terms = append(terms, Term{Field: field, Value: strings.TrimPrefix(value, "="), Not: not})
	}
	return terms, nil
}

// Holds tells whether a staging meets the condition.
func (t Term) Holds(v staging.View) bool {
	found := false
	for _, value := range fieldValues(v, t.Field) {
		found = found || value == t.Value
	}
	return found != t.Not
}

func fieldValues(v staging.View, field string) []string {
	switch field {
	case "name":
		return []string{v.Metadata.Name}
	case "title":
		return []string{v.Metadata.Title}
	case "branch":
		return []string{v.Spec.Branch}
	case "state":
		return []string{string(v.Spec.State)}
	case "preset":
		return v.Spec.Presets
	case "pinned":
		return []string{staging.Text(v.Spec.Pinned != nil)}
	case "tested":
		if v.Status.Tested == "" {
			return []string{string(staging.Untested), ""}
		}
		return []string{string(v.Status.Tested)}
	case "author":
		if v.Spec.PullRequest != nil {
			return []string{v.Spec.PullRequest.Author, v.Spec.Created.By}
		}
		return []string{v.Spec.Created.By}
	case "pr":
		if v.Spec.PullRequest != nil {
			return []string{staging.Text(v.Spec.PullRequest.Number)}
		}
		return nil
	}
	for _, values := range []staging.Values{v.Spec.Overrides.App, v.Spec.Overrides.Deployment} {
		if value, ok := values[field]; ok {
			return []string{staging.Text(value)}
		}
	}
	return nil
}
