package generator

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
	"octopod/jsonnet"
)

// adoptJsonnet makes a project of a jsonnet file that was not written for Octopod.
func (g *Stagings) adoptJsonnet(ctx context.Context, r InitRequest) (layout, error) {
	files, err := copyTemplate(r.Template, adopt.JsonnetDir(r.Name))
	if err != nil {
		return layout{}, err
	}
	files = slices.DeleteFunc(files, func(f staging.File) bool { return !readByJsonnet(f.Path) })
	for _, library := range []string{"octopod.libsonnet", "bring.libsonnet"} {
		data, err := jsonnet.Files.ReadFile(library)
		if err != nil {
			return layout{}, fmt.Errorf("reading the library: %w", err)
		}
		files = append(files, staging.File{Path: path.Join("jsonnet", library), Data: data})
	}
	objects, err := g.renderJsonnet(ctx, r, files)
	if err != nil {
		return layout{}, err
	}
	draft := adopt.Read(objects)
	written := draftProject(r, draft)
	written.Spec.Parameters = draft.WithoutTargets()
	return g.finishAdoption(ctx, written, draft, append(files, draft.Jsonnet(r.Name, r.TemplateFile)))
}

// readByJsonnet tells whether a file beside a jsonnet file is something that it
// imports, and not the application's code.
func readByJsonnet(name string) bool {
	return !strings.Contains(name, "/node_modules/") &&
		slices.Contains([]string{".jsonnet", ".libsonnet", ".json", ".yaml", ".yml", ".txt"}, path.Ext(name))
}

// renderJsonnet gives the objects of a jsonnet file as it was brought. A
// function cannot be read: nobody knows yet which services to give it.
func (g *Stagings) renderJsonnet(ctx context.Context, r InitRequest, files []staging.File) ([]staging.Object, error) {
	main := fmt.Sprintf("local brought = import '%s/%s';\nif std.isFunction(brought) then error 'a function' else brought\n", r.Name, r.TemplateFile)
	source := staging.File{Path: envrepo.StagingDir(probe) + "/main.jsonnet", Data: []byte(main)}
	p := &project.Project{Metadata: project.Metadata{Name: r.Name}, Spec: project.Spec{
		Engine: project.EngineJsonnet, Jsonnet: project.Jsonnet{Libraries: []string{"jsonnet"}},
	}}
	objects, err := g.Renderer.Render(ctx, inMemory(files), p, probe, []staging.File{source})
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%s does not evaluate to Kubernetes objects by itself", r.TemplateFile).
			WithHint("a function of its own arguments cannot be read: run init without --template, and call it from jsonnet/%s.libsonnet", r.Name).
			Because(err)
	}
	return objects, nil
}
