package setup

import (
	"context"
	"fmt"
	"path"
	"strings"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
	"octopod/jsonnet"
)

// adoptJsonnet makes a project of a jsonnet file that was not written for Octopod.
func (g *Setup) adoptJsonnet(ctx context.Context, r InitRequest) (layout, error) {
	b := bring(r, adopt.JsonnetDir(r.Name))
	if b.err != nil {
		return layout{}, b.inWords(b.err)
	}
	b.files = adopt.ImportedFiles(b.files, path.Join(b.dir, r.TemplateFile))
	for _, library := range []string{"octopod.libsonnet", "bring.libsonnet"} {
		data, err := jsonnet.Files.ReadFile(library)
		if err != nil {
			return layout{}, fmt.Errorf("reading the library: %w", err)
		}
		b.files = append(b.files, staging.File{Path: path.Join("jsonnet", library), Data: data})
	}
	objects, err := g.renderJsonnet(ctx, r, b)
	if err != nil {
		return layout{}, err
	}
	if secrets := adopt.PlainSecrets(objects); len(secrets) > 0 {
		return layout{}, staging.Errorf(staging.CodeInvalid, "%s makes Secret %s with its values, which git would keep for ever",
			r.TemplatePath, strings.Join(secrets, ", ")).
			WithHint("take it out of the file, and make it in the namespace of each staging with a SealedSecret or an ExternalSecret; containers may go on naming it")
	}
	draft := adopt.Read(objects)
	written := draftProject(r, draft)
	written.Spec.Parameters = draft.WithoutTargets()
	l, err := g.finishAdoption(ctx, written, draft, append(b.files, draft.Jsonnet(r.Name, r.TemplateFile)))
	return l, b.inWords(err)
}

// renderJsonnet gives the objects of a jsonnet file as it was brought. A
// function is called without arguments: nobody knows yet which it should get.
func (g *Setup) renderJsonnet(ctx context.Context, r InitRequest, b *brought) ([]staging.Object, error) {
	main := fmt.Sprintf("local brought = import '%s/%s';\nif std.isFunction(brought) then brought() else brought\n", r.Name, r.TemplateFile)
	source := staging.File{Path: staging.Dir(change.TrialName) + "/main.jsonnet", Data: []byte(main)}
	p := &project.Project{Metadata: project.Metadata{Name: r.Name}, Spec: project.Spec{
		Engine: project.EngineJsonnet, Jsonnet: project.Jsonnet{File: path.Join(b.dir, r.TemplateFile), Libraries: []string{"jsonnet"}},
	}}
	objects, err := g.Renderer.Render(ctx, inMemory(b.files), p, change.TrialName, []staging.File{source})
	if err == nil {
		return objects, nil
	}
	refusal := staging.Errorf(staging.CodeInvalid, "%s does not evaluate to Kubernetes objects by itself", r.TemplatePath)
	if strings.Contains(err.Error(), "Missing argument") {
		refusal = refusal.WithHint("give its arguments defaults; or run init without --template, and call it from jsonnet/%s.libsonnet", r.Name)
	}
	return nil, refusal.Because(b.inWords(change.TemplateError(p, err)))
}
