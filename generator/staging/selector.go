package staging

import (
	"slices"
	"strings"
)

// Selector chooses stagings by their fields. Every requirement must match; an empty
// Selector matches all.
type Selector []Requirement

// Requirement is one condition of a selector: branch=feature/login, state!=archived.
type Requirement struct {
	Field string
	Value string
	Not   bool
}

// selectable lists the fields of a requirement, beside the project's settings.
const selectable = "name, title, branch, state, author, pr, preset, pinned, tested, or a setting such as LOG_LEVEL"

// ParseSelector parses requirements separated by commas.
func ParseSelector(text string) (Selector, error) {
	var s Selector
	for part := range strings.SplitSeq(text, ",") {
		field, value, ok := strings.Cut(part, "=")
		field = strings.TrimSuffix(field, "=") // == as in kubectl
		field, not := strings.CutSuffix(field, "!")
		if part == "" {
			continue
		}
		if !ok || field == "" {
			return nil, Errorf(CodeInvalid, "%q is not a selector", part).
				WithHint("write FIELD=VALUE or FIELD!=VALUE; fields are %s", selectable)
		}
		s = append(s, Requirement{Field: field, Value: strings.TrimPrefix(value, "="), Not: not})
	}
	return s, nil
}

// CheckFields returns an error if a requirement names a field that no staging can have.
// isSetting reports whether a name is a setting of the project.
func (s Selector) CheckFields(isSetting func(string) bool) error {
	fixed := []string{"name", "title", "branch", "state", "author", "pr", "preset", "pinned", "tested"}
	for _, r := range s {
		if !slices.Contains(fixed, r.Field) && !isSetting(r.Field) {
			return Errorf(CodeInvalid, "stagings have no field %q", r.Field).WithHint("fields are %s", selectable)
		}
	}
	return nil
}

// Matches reports whether a staging meets every requirement.
func (s Selector) Matches(v View) bool {
	return !slices.ContainsFunc(s, func(r Requirement) bool { return !r.Matches(v) })
}

// Matches reports whether a staging meets the requirement.
func (r Requirement) Matches(v View) bool {
	return slices.Contains(fieldValues(v, r.Field), r.Value) != r.Not
}

func fieldValues(v View, field string) []string {
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
		return []string{FormatValue(v.Spec.Pinned != nil)}
	case "tested":
		if v.Status.Tested == "" {
			return []string{string(Untested), ""}
		}
		return []string{string(v.Status.Tested)}
	case "author":
		if v.Spec.PullRequest != nil {
			return []string{v.Spec.PullRequest.Author, v.Spec.Created.By}
		}
		return []string{v.Spec.Created.By}
	case "pr":
		if v.Spec.PullRequest != nil {
			return []string{FormatValue(v.Spec.PullRequest.Number)}
		}
		return nil
	}
	for _, values := range []Values{v.Spec.Overrides.App, v.Spec.Overrides.Deployment} {
		if value, ok := values[field]; ok {
			return []string{FormatValue(value)}
		}
	}
	return nil
}
