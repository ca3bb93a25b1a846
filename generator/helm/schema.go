package helm

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"helm.sh/helm/v3/pkg/chart"

	"octopod/generator/staging"
)

// checkSchemas checks values against the values.schema.json of a chart and of its subcharts.
// It does so instead of Helm, which would load schemas from the network and the disk, and
// returns one text for all faults.
func (r rendering) checkSchemas(c *chart.Chart, values map[string]any) error {
	problems, err := r.schemaProblems(c, nil, values)
	if err != nil || len(problems) == 0 {
		return err
	}
	slices.SortFunc(problems, func(a, b staging.Problem) int {
		return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "the values do not fit the schema of the chart", Problems: slices.Compact(problems),
		Technical: true, Hint: "change the value in " + r.Field + ".values of octopod.yaml, or the parameter that sets it",
	}
}

// schemaProblems checks one chart; at are the keys of its values in those of the whole chart.
func (r rendering) schemaProblems(c *chart.Chart, at []string, values map[string]any) ([]staging.Problem, error) {
	var problems []staging.Problem
	if c.Schema != nil {
		file := path.Join(r.fileOf(c.Root(), c.ChartFullPath()+"/"), "values.schema.json")
		validator, err := compile(file, c.Schema)
		if err != nil {
			return nil, fault(staging.Problem{File: file, Message: err.Error()})
		}
		var invalid *jsonschema.ValidationError
		if err := validator.Validate(values); errors.As(err, &invalid) {
			problems = append(problems, leaves(invalid, file, at)...)
		} else if err != nil {
			return nil, fault(staging.Problem{File: file, Message: err.Error()})
		}
	}
	for _, sub := range c.Dependencies() {
		below, _ := values[sub.Name()].(map[string]any)
		found, err := r.schemaProblems(sub, append(slices.Clone(at), sub.Name()), below)
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

// compile compiles a schema, which may not refer to another file.
func compile(file string, text []byte) (*jsonschema.Schema, error) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	const name = "chart:values.schema.json"
	if err := compiler.AddResource(name, schema); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
}

// noLoader loads no schema: rendering uses nothing but the env repo.
type noLoader struct{}

// Load rejects the schema.
func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("the schema refers to %s: Octopod loads nothing from elsewhere; copy it into the schema", url)
}

// leaves returns the innermost faults of a validation.
func leaves(e *jsonschema.ValidationError, file string, at []string) []staging.Problem {
	if len(e.Causes) == 0 {
		return []staging.Problem{{
			File: file, Field: strings.Join(slices.Concat(at, e.InstanceLocation), "."),
			Message: e.ErrorKind.LocalizedString(message.NewPrinter(language.English)),
		}}
	}
	var problems []staging.Problem
	for _, cause := range e.Causes {
		problems = append(problems, leaves(cause, file, at)...)
	}
	return problems
}
