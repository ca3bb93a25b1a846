package project

import (
	"cmp"
	"slices"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// Parse reads octopod.yaml: strictly, with defaults filled in, and with every
// fault of form and meaning reported at once by file and line.
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

// withPositions gives problems their file and line.
func withPositions(problems []staging.Problem, lines strictyaml.Positions) []staging.Problem {
	for i := range problems {
		problems[i].File = File
		problems[i].Line = lines.Line(problems[i].Field)
	}
	return problems
}

// addSemanticProblems adds to faults of form those of meaning that are no mere
// consequence of them: of fields that were written and could be read. Where a
// whole section could not be, nobody knows.
func addSemanticProblems(err error, data []byte) error {
	form := staging.ProblemsOf(err)
	if slices.ContainsFunc(form, func(p staging.Problem) bool { return strings.Count(p.Field, ".") < 2 }) {
		return err
	}
	var written Project
	if !strictyaml.DecodeValid(data, &written) {
		return err
	}
	lines := strictyaml.Lines(data)
	all := slices.Clone(form)
	for _, p := range withPositions(written.withDefaults().faults(), lines) {
		_, wasWritten := lines[p.Field]
		if wasWritten && !slices.ContainsFunc(form, func(f staging.Problem) bool { return within(p.Field, f.Field) || within(f.Field, p.Field) }) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b staging.Problem) int { return cmp.Compare(a.Line, b.Line) })
	if len(all) == len(form) {
		return err
	}
	return staging.Invalid("the project file is not valid", all)
}

// within tells whether a field is another one or lies below it.
func within(field, above string) bool {
	rest, ok := strings.CutPrefix(field, above)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Encode writes a project as octopod.yaml.
func (p Project) Encode() ([]byte, error) { return strictyaml.Encode(p) }
