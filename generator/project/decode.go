package project

import (
	"cmp"
	"slices"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Parse decodes octopod.yaml strictly and fills in defaults. It reports all problems,
// syntactic and semantic, at once, each with file and line.
func Parse(data []byte) (*Project, error) {
	var written Project
	if err := strictyaml.Decode(File, data, &written); err != nil {
		return nil, addSemanticProblems(err, data)
	}
	p := written.withDefaults()
	if err := staging.Invalid("the project file is not valid", withPositions(p.faults(), strictyaml.Lines(data))); err != nil {
		return nil, err
	}
	return p, nil
}

// withPositions sets the file and line of problems.
func withPositions(problems []staging.Problem, lines strictyaml.Positions) []staging.Problem {
	for i := range problems {
		problems[i].File = File
		problems[i].Line = lines.Line(problems[i].Field)
	}
	return problems
}

// addSemanticProblems adds semantic problems to syntactic ones. It checks only fields
// that are present and decoded, so that no problem is a consequence of another. If a
// whole section could not be decoded, it adds nothing.
func addSemanticProblems(err error, data []byte) error {
	syntactic := staging.ProblemsOf(err)
	if slices.ContainsFunc(syntactic, func(p staging.Problem) bool { return strings.Count(p.Field, ".") < 2 }) {
		return err
	}
	var written Project
	if !strictyaml.DecodeValid(data, &written) {
		return err
	}
	lines := strictyaml.Lines(data)
	all := slices.Clone(syntactic)
	for _, p := range withPositions(written.withDefaults().faults(), lines) {
		_, wasWritten := lines[p.Field]
		if wasWritten && !slices.ContainsFunc(syntactic, func(f staging.Problem) bool { return within(p.Field, f.Field) || within(f.Field, p.Field) }) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b staging.Problem) int { return cmp.Compare(a.Line, b.Line) })
	if len(all) == len(syntactic) {
		return err
	}
	return staging.Invalid("the project file is not valid", all)
}

// within reports whether a field equals another one or is below it.
func within(field, above string) bool {
	rest, ok := strings.CutPrefix(field, above)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Encode encodes a project as octopod.yaml.
func (p Project) Encode() ([]byte, error) { return strictyaml.Encode(p) }
