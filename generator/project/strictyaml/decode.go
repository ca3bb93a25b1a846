package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"octopod/generator/staging"
)

// Limits of a file. A file beyond them is rejected before it is parsed.
const (
	// MaxSize is the maximum size of a file in bytes.
	MaxSize = 1 << 20

	// maxEntries is the maximum size of one mapping. yaml.v3 compares every pair of
	// keys to find duplicates, which takes quadratic time.
	maxEntries = 1000

	// maxProblems is the maximum length of a report. A file with more problems is
	// probably a different kind of file.
	maxProblems = 50
)

// Decode decodes one YAML document into the struct that into points to. An error is a
// *staging.Error with CodeInvalid and every problem; then into is not modified. A null
// value counts as absent.
func Decode(file string, data []byte, into any) error {
	doc, problem := parse(data)
	if problem != nil {
		return invalid(file, []staging.Problem{*problem})
	}
	w := walker{}
	w.value(doc.Content[0], reflect.TypeOf(into), "")
	if len(w.problems) > 0 {
		return invalid(file, w.problems)
	}
	if err := doc.Decode(into); err != nil {
		// The walk checks every rule of yaml.v3 that applies to the two files, so
		// this is a type that the walk does not know.
		return invalid(file, []staging.Problem{parseProblem(data, err)})
	}
	return nil
}

// invalid returns an error for the problems of a file.
func invalid(file string, problems []staging.Problem) error {
	for i := range problems {
		problems[i].File = file
	}
	switch {
	case file == "":
		file = "the YAML text"
	case len(problems) == 1:
		file = "the file" // the problem has the name
	}
	return staging.Invalid("cannot read "+file, problems)
}

// parse parses the only document of data.
func parse(data []byte) (*yaml.Node, *staging.Problem) {
	if problem := checkBytes(data); problem != nil {
		return nil, problem
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &staging.Problem{Message: "is empty"}
	case err != nil:
		problem := parseProblem(data, err)
		return nil, &problem
	case doc.Content[0].ShortTag() == "!!null" && doc.Content[0].Kind == yaml.ScalarNode:
		return nil, &staging.Problem{Message: "is empty"}
	}
	switch err := decoder.Decode(&next); {
	case err == nil:
		return nil, &staging.Problem{Line: next.Line, Message: "a second document begins here: a file must have exactly one"}
	case !errors.Is(err, io.EOF):
		problem := parseProblem(data, err)
		return nil, &problem
	}
	return &doc, nil
}

// checkBytes rejects bytes that no text editor writes, before the YAML is parsed.
func checkBytes(data []byte) *staging.Problem {
	if len(data) > MaxSize {
		return &staging.Problem{Message: fmt.Sprintf("has %d bytes; the maximum is %d", len(data), MaxSize)}
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return &staging.Problem{Line: lineAt(data, i), Message: "contains a NUL byte: save it as UTF-8 text"}
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return &staging.Problem{Line: lineAt(data, i), Message: "is not UTF-8 text: save it as UTF-8"}
		}
		i += size
	}
	return nil
}

func lineAt(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }

var yamlLine = regexp.MustCompile(`^line (\d+): `)

// parseProblem converts an error of yaml.v3.
func parseProblem(data []byte, err error) staging.Problem {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var problem staging.Problem
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		problem.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	if line := tabLine(data); line > 0 {
		return staging.Problem{Line: line, Message: "is indented with a tab, which YAML does not allow: use spaces"}
	}
	if strings.Contains(text, "exceeded max depth") {
		problem.Message = "is nested too deeply"
		return problem
	}
	problem.Message = "is not valid YAML: " + strings.ReplaceAll(text, "\n", "; ")
	return problem
}

// tabLine returns the first line that is indented with a tab, or 0. YAML allows tabs in
// some places, so a tab explains an error but is not one itself.
func tabLine(data []byte) int {
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if len(indent) < len(line) && bytes.IndexByte(indent, '\t') >= 0 {
			return i + 1
		}
	}
	return 0
}
