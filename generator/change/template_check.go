package change

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// TrialName is the name of a staging that is rendered in memory and never written.
const TrialName = "probe"

// CheckTemplate renders a trial staging in memory and returns the problems that the
// checks find in it, and what Kubernetes would refuse at its second deploy.
func (w *Writer) CheckTemplate(ctx context.Context, p *project.Project, tree fs.FS) ([]staging.Problem, error) {
	s, err := trialStaging(p)
	if err != nil {
		return nil, err
	}
	first, problems, err := w.renderTrial(ctx, p, tree, s)
	if err != nil {
		return nil, err
	}
	second, _, err := w.renderTrial(ctx, p, tree, secondDeploy(s).Staging)
	return append(problems, check.Update(first, second, check.Subject{Allow: p.Spec.Checks.Allow})...), err
}

// trialStaging returns a staging of the project with an image for every service.
func trialStaging(p *project.Project) (staging.Staging, error) {
	images, trial := map[string]staging.Build{}, *p
	trial.Spec.Services = maps.Clone(p.Spec.Services)
	for name, service := range p.Spec.Services {
		images[name] = staging.Build{Image: "registry.example.com/" + name + ":1"}
		service.Images = []string{"*"} // nothing runs the images of a trial
		trial.Spec.Services[name] = service
	}
	s, err := trial.Apply(nil, staging.Action{Verb: staging.Deploy, Name: TrialName, Branch: TrialName, Images: images}, staging.Attribution{})
	return p.WithRequired(s), err
}

// renderTrial renders a variant of the trial staging, and returns its objects and the
// problems that the checks find in them.
func (w *Writer) renderTrial(ctx context.Context, p *project.Project, tree fs.FS, s staging.Staging) ([]staging.Object, []staging.Problem, error) {
	_, source, params, err := w.sourceFiles(ctx, tree, p, s)
	if err != nil {
		return nil, nil, TemplateError(p, err)
	}
	if source, err = w.Renderer.Arrange(ctx, tree, p, params, source); err != nil {
		return nil, nil, TemplateError(p, err)
	}
	objects, err := w.renderAndCheck(ctx, tree, p, params, source)
	if problems := staging.ProblemsOf(err); len(problems) > 0 && problems[0].Rule != "" {
		return objects, problems, nil
	}
	return objects, nil, TemplateError(p, err)
}

// TemplateError returns an error of the trial staging as an error of the template:
// readers cannot open the trial's directory.
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

// templatePath returns the file or directory of the project's template.
func templatePath(p *project.Project) string {
	switch {
	case p.Spec.Engine == project.EngineJsonnet:
		return p.Spec.Jsonnet.File
	case p.Spec.Kustomize.Base == "" && p.HasCharts():
		return p.Spec.Helm.Charts[0].Path
	}
	return p.Spec.Kustomize.Base
}

// RewriteError returns a copy of an error with words replaced in its message, hint
// and problems.
func RewriteError(err error, words *strings.Replacer) error {
	var original *staging.Error
	if !errors.As(err, &original) {
		return err
	}
	e := *original
	e.Message, e.Hint, e.Problems = words.Replace(e.Message), words.Replace(e.Hint), slices.Clone(e.Problems)
	for i, p := range e.Problems {
		e.Problems[i].File, e.Problems[i].Message = words.Replace(p.File), words.Replace(p.Message)
	}
	return &e
}
