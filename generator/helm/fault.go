package helm

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"helm.sh/helm/v3/pkg/chart"

	"octopod/generator/staging"
)

var (
	// A place in a template: "template: shop/templates/web.yaml:3:5: " or "error at (shop/templates/web.yaml:3:5): ".
	templatePlace = regexp.MustCompile(`(?:template: |error at \()([^\s:()]+):(\d+)(?::\d+)?\)?: `)
	executing     = regexp.MustCompile(`^executing "[^"]*" at (<.*?>): `)
	yamlError     = regexp.MustCompile(`(?s)YAML parse error on ([^:]+): (?:error converting YAML to JSON: )?(.*)`)
	yamlLine      = regexp.MustCompile(`(?:yaml: )?line (\d+): `)
)

// templateFault returns an error of Helm in a template as a problem with file and line. The
// innermost place counts; the message names the template that includes it.
func (r rendering) templateFault(c *chart.Chart, err error) error {
	text := err.Error()
	if m := yamlError.FindStringSubmatch(text); m != nil {
		return fault(staging.Problem{File: r.fileOf(c, m[1]), Message: "the template makes no valid YAML: " + m[2]}).
			WithTechnicalHint("run `helm template` on the chart with --debug to see the text; the line counts in it")
	}
	places := templatePlace.FindAllStringSubmatchIndex(text, -1)
	if len(places) == 0 {
		return fault(staging.Problem{File: r.Path, Message: text})
	}
	place := func(i int) (file string, line int) {
		line, _ = strconv.Atoi(text[places[i][4]:places[i][5]]) // digits, by the pattern
		return r.fileOf(c, text[places[i][2]:places[i][3]]), line
	}
	last := len(places) - 1
	problem := staging.Problem{Message: text[places[last][1]:]}
	problem.File, problem.Line = place(last)
	if m := executing.FindStringSubmatch(problem.Message); m != nil {
		problem.Message = m[1] + ": " + strings.TrimPrefix(problem.Message, m[0])
	}
	if file, line := place(0); file != problem.File {
		problem.Message += " (included by " + file + ":" + strconv.Itoa(line) + ")"
	}
	return fault(problem)
}

// fileOf returns the path in the env repo of a template as Helm names it: shop/templates/web.yaml,
// or shop/charts/db/templates/x.yaml.
func (r rendering) fileOf(c *chart.Chart, name string) string {
	return path.Join(r.Path, strings.TrimPrefix(name, c.Name()+"/"))
}

// yamlProblem returns the problem of a file with invalid YAML.
func yamlProblem(file string, err error) staging.Problem {
	p := staging.Problem{File: file, Message: strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")}
	if m := yamlLine.FindStringSubmatch(p.Message); m != nil {
		p.Line, _ = strconv.Atoi(m[1]) // digits, by the pattern
		p.Message = strings.Replace(p.Message, m[0], "", 1)
	}
	return p
}
