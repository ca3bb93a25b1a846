package change

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// TrialName is a staging that is rendered once and never written.
const TrialName = "probe"

// CheckTemplate makes one staging in memory and gives what the checks refuse in it.
func (g *Writer) CheckTemplate(ctx context.Context, p *project.Project, tree fs.FS) ([]staging.Problem, error) {
	images := map[string]staging.Build{}
	for _, name := range p.ServiceNames() {
		images[name] = staging.Build{Image: "registry.example.com/" + name + ":1"}
	}
	s, err := p.Apply(nil, staging.Action{Verb: staging.Deploy, Name: TrialName, Branch: TrialName, Images: images}, staging.Attribution{})
	if err != nil {
		return nil, err
	}
	_, source, params, err := write(p, s)
	if err != nil {
		return nil, err
	}
	_, err = g.render(ctx, tree, p, params, source)
	if problems := staging.ProblemsOf(err); len(problems) > 0 && problems[0].Rule != "" {
		return problems, nil
	}
	return nil, TemplateError(p, err)
}

// TemplateError words a fault of the probe as one of the template: the directory of
// the probe is nowhere to be found.
func TemplateError(p *project.Project, err error) error {
	template, dir := templatePath(p), staging.Dir(TrialName)
	err = RewriteError(err, strings.NewReplacer("../../"+template, template, "build "+dir, "build "+template))
	for i, problem := range staging.ProblemsOf(err) {
		if problem.File == dir || strings.HasPrefix(problem.File, dir+"/") {
			staging.ProblemsOf(err)[i].File, staging.ProblemsOf(err)[i].Line = template, 0
		}
	}
	return err
}

// RewriteError gives a copy of an error with words replaced in everything that it says.
func RewriteError(err error, words *strings.Replacer) error {
	var said *staging.Error
	if !errors.As(err, &said) {
		return err
	}
	e := *said
	e.Message, e.Hint, e.Problems = words.Replace(e.Message), words.Replace(e.Hint), slices.Clone(e.Problems)
	for i, p := range e.Problems {
		e.Problems[i].File, e.Problems[i].Message = words.Replace(p.File), words.Replace(p.Message)
	}
	return &e
}
