package setup

import (
	"context"
	"fmt"
	"path"
	"strings"

	"octopod/generator/change"
	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/render"
	"octopod/generator/staging"
	"octopod/jsonnet"
)

// adoptJsonnet makes a project of a jsonnet file that was not written for Octopod.
func (s *Setup) adoptJsonnet(ctx context.Context, r InitRequest) (layout, error) {
	t, err := importTemplate(r, adopt.JsonnetDir(r.Name))
	if err != nil {
		return layout{}, err
	}
	t.files = adopt.ImportedFiles(t.files, path.Join(t.dir, r.TemplateFile), t.libraries()...)
	for _, library := range []string{"octopod.libsonnet", "bring.libsonnet"} {
		data, err := jsonnet.Files.ReadFile(library)
		if err != nil {
			return layout{}, fmt.Errorf("reading the library: %w", err)
		}
		t.files = append(t.files, staging.File{Path: path.Join("jsonnet", library), Data: data})
	}
	objects, err := s.renderJsonnet(ctx, t)
	if err != nil {
		return layout{}, err
	}
	if secrets := adopt.PlainSecrets(objects); len(secrets) > 0 {
		return layout{}, staging.Errorf(staging.CodeInvalid, "%s makes Secret %s with its values, which git would keep forever",
			r.TemplatePath, strings.Join(secrets, ", ")).
			WithHint("remove the Secret from the file, and create it in the namespace of each staging with a SealedSecret or an ExternalSecret; containers may still refer to it")
	}
	draft := adopt.Read(objects)
	p := newProject(r, draft)
	p.Spec.Parameters = draft.WithoutTargets()
	if len(r.TemplateLibraries) > 0 {
		p.Spec.Jsonnet.Libraries = append([]string{"jsonnet"}, t.libraries()...)
	}
	p.Spec.ArgoCD.ApplyAll = check.EarlyJob(objects) != ""
	l, err := s.finishAdoption(ctx, p, draft, append(t.files, draft.Jsonnet(r.Name, r.TemplateFile)))
	return l, t.withOriginalPaths(err)
}

// libraries returns the directories of the copy that imports are searched in.
func (t *importedTemplate) libraries() []string {
	var dirs []string
	for _, dir := range t.r.TemplateLibraries {
		dirs = append(dirs, path.Join(t.dir, dir))
	}
	return dirs
}

// renderJsonnet renders the objects of the jsonnet file. A function is called without
// arguments: its arguments for a staging are not known yet.
func (s *Setup) renderJsonnet(ctx context.Context, t *importedTemplate) ([]staging.Object, error) {
	r, template := t.r, path.Join(t.dir, t.r.TemplateFile)
	main := fmt.Sprintf("local brought = import '%s/%s';\nif std.isFunction(brought) then brought() else brought\n", r.Name, r.TemplateFile)
	source := staging.File{Path: staging.Dir(change.TrialName) + "/main.jsonnet", Data: []byte(main)}
	p := &project.Project{Metadata: project.Metadata{Name: r.Name}, Spec: project.Spec{
		Engine: project.EngineJsonnet, Jsonnet: project.Jsonnet{File: template, Libraries: append([]string{"jsonnet"}, t.libraries()...)},
	}}
	tree := newMemoryFS(t.files)
	objects, err := s.Renderer.Render(ctx, tree, p, change.TrialName, []staging.File{source})
	if err == nil {
		return objects, nil
	}
	failure := staging.Errorf(staging.CodeInvalid, "%s alone does not evaluate to Kubernetes objects", r.TemplatePath)
	if required := render.RequiredArguments(tree, template); len(required) > 0 {
		failure = failure.WithTechnicalHint("give %s a default; or run init without --template, and call the function from jsonnet/%s.libsonnet", strings.Join(required, ", "), r.Name)
	}
	return nil, failure.Because(t.withOriginalPaths(change.TemplateError(p, err)))
}
