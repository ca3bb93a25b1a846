package change

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// generated is what Octopod writes into a staging's directory.
type generated struct {
	files   []staging.File   // all of them, or only the record
	objects []staging.Object // nil when nothing had to be rendered
}

// generate returns the files of a staging, with every object rendered and checked.
// A staging that fails a check is an error, so it is never committed.
func (w *Writer) generate(ctx context.Context, b basis, s staging.Staging, needObjects bool) (generated, error) {
	output, source, params, err := w.sourceFiles(ctx, b.tree, b.project, s)
	if err != nil {
		return generated{}, err
	}
	if isCommitted, err := b.holds(output, needObjects); err != nil || isCommitted {
		return output, err
	}
	if source, err = w.arrange(ctx, b, params, source, &output); err != nil {
		return output, err
	}
	if isCommitted, err := b.holds(output, needObjects); err != nil || isCommitted {
		return output, err
	}
	if output.objects, err = w.renderAndCheck(ctx, b.tree, b.project, params, source); err != nil {
		return output, err
	}
	return output, output.addManifests(b.project, s.Name)
}

// holds reports whether the files are committed already: the same bytes were rendered and
// checked before their commit.
func (b basis) holds(output generated, needObjects bool) (bool, error) {
	if needObjects || b.project.Spec.Output != project.OutputSource {
		return false, nil
	}
	differs, err := b.tree.Differs(output.files)
	return err == nil && !differs, err
}

// arrange adds to the source files what the objects need on a cluster.
func (w *Writer) arrange(ctx context.Context, b basis, params staging.Params, source []staging.File, output *generated) ([]staging.File, error) {
	arranged, err := w.Renderer.Arrange(ctx, b.tree, b.project, params, source)
	record := len(output.files) - len(source)
	output.files = append(slices.Clone(output.files[:record]), arranged...)
	return arranged, err
}

// addManifests adds the file of the rendered objects, where the project commits them.
func (g *generated) addManifests(p *project.Project, name string) error {
	if p.Spec.Output != project.OutputRendered {
		return nil
	}
	text, err := render.Manifests(g.objects)
	if err != nil {
		return err
	}
	g.files = append(g.files, staging.File{Path: staging.ManifestsPath(name), Data: text})
	return nil
}

// sourceFiles returns the record, and source, the files that the engine reads.
func (w *Writer) sourceFiles(ctx context.Context, tree fs.FS, p *project.Project, s staging.Staging) (output generated, source []staging.File, params staging.Params, err error) {
	if params, err = p.Params(s); err != nil {
		return output, nil, params, err
	}
	record, err := envrepo.Record(s)
	if err != nil {
		return output, nil, params, err
	}
	if source, err = w.Renderer.Source(ctx, tree, p, params); err != nil {
		return output, nil, params, err
	}
	output.files = append([]staging.File{record}, source...)
	return output, source, params, nil
}

// renderAndCheck renders source files laid over the tree and checks the objects.
func (w *Writer) renderAndCheck(ctx context.Context, tree fs.FS, p *project.Project, params staging.Params, source []staging.File) ([]staging.Object, error) {
	objects, err := w.Renderer.Render(ctx, tree, p, params.Name, source)
	if err != nil {
		return nil, err
	}
	return objects, checkObjects(p, params, objects)
}

// checkObjects rejects objects that break a rule of package check.
func checkObjects(p *project.Project, params staging.Params, objects []staging.Object) error {
	subject := check.Subject{
		Namespace: params.Namespace, BaseDomain: p.Spec.Hosts.BaseDomain,
		Images: map[string]string{}, Allow: p.Spec.Checks.Allow, State: params.State,
		Jobs: render.DatabaseJobs(params), Added: render.AddedNames(params),
	}
	for _, name := range p.ServiceNames() {
		service := params.Services[name]
		subject.Images[name] = service.Image
		if service.Host != "" {
			subject.Hosts = append(subject.Hosts, service.Host)
		}
	}
	problems := check.Objects(objects, subject)
	if len(problems) == 0 {
		return nil
	}
	if p.HasCharts() {
		suggestExistingSecrets(problems)
	}
	return &staging.Error{
		Code: staging.CodeInvalid, Message: fmt.Sprintf("staging %s fails the checks", params.Name), Problems: problems,
		Technical: true, Hint: "fix the template, or allow it with a reason under spec.checks.allow in " + project.File,
	}
}

// suggestExistingSecrets adds to problems with Secrets how the user of a chart avoids them.
func suggestExistingSecrets(problems []staging.Problem) {
	for i, problem := range problems {
		if problem.Rule == check.RulePlainSecret && strings.HasPrefix(problem.Object, "Secret/") {
			problems[i].Message += "; a chart that makes the Secret often takes the name of an existing one: look for existingSecret in its values"
		}
	}
}
