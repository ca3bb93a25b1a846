package change

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// recordField matches the fields of a record that depend on octopod.yaml. Its groups
// are the section and, for all but presets, the name of a setting or service.
var recordField = regexp.MustCompile(`^spec\.(overrides\.app|overrides\.deployment|presets|services)(?:\.([^\[]+))?(?:\[\d+\])?$`)

// byCause replaces the problems that several records have for the same reason by one
// problem of octopod.yaml, which lists the stagings: a change of octopod.yaml is the
// cause. text is octopod.yaml, for the lines.
func byCause(problems []staging.Problem, text []byte) []staging.Problem {
	stagings := map[staging.Problem][]string{}
	for _, p := range problems {
		if cause, name, ok := causeInProject(p); ok && !slices.Contains(stagings[cause], name) {
			stagings[cause] = append(stagings[cause], name)
		}
	}
	lines, reported := strictyaml.Lines(text), map[staging.Problem]bool{}
	var grouped []staging.Problem
	for _, p := range problems {
		cause, _, ok := causeInProject(p)
		names := stagings[cause]
		switch {
		case !ok || len(names) < 2:
			grouped = append(grouped, p)
		case !reported[cause]:
			reported[cause] = true
			cause.Line = lines.Line(cause.Field)
			cause.Message = fmt.Sprintf("%d stagings do not fit: %s (%s); `octopod migrate-settings` changes all of them", len(names), cause.Message, strings.Join(names, ", "))
			grouped = append(grouped, cause)
		}
	}
	return grouped
}

// causeInProject returns the field of octopod.yaml that a problem of a record is about,
// and the staging.
func causeInProject(p staging.Problem) (cause staging.Problem, name string, ok bool) {
	dir, isRecord := strings.CutSuffix(p.File, "/"+staging.RecordFile)
	m := recordField.FindStringSubmatch(p.Field)
	if !isRecord || m == nil || p.Rule != "" {
		return cause, "", false
	}
	field, what := "spec.presets", p.Message
	switch section, key := m[1], m[2]; {
	case section == "services":
		field = "spec.services." + strings.TrimSuffix(key, ".image")
	case section != "presets":
		field, what = "spec.parameters."+key, key+": "+p.Message
	}
	return staging.Problem{File: project.File, Field: field, Message: what}, strings.TrimPrefix(dir, staging.EnvsDir+"/"), true
}
