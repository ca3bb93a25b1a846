package setup

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
)

// adoptKustomize makes a project of a kustomize base or a plain folder of YAML
// that was not written for Octopod.
func (g *Setup) adoptKustomize(ctx context.Context, r InitRequest) (layout, error) {
	b := bring(r, adopt.BaseDir(r.Name))
	if err := b.kustomization(); err != nil {
		return layout{}, b.inWords(err)
	}
	objects, err := g.renderBase(ctx, r, b)
	if err != nil {
		return layout{}, b.inWords(err)
	}
	draft := adopt.Read(objects)
	glue, settings, err := draft.Kustomize(r.Name, path.Join("base", r.TemplateDir))
	if err != nil {
		return layout{}, fmt.Errorf("writing the kustomization: %w", err)
	}
	written := draftProject(r, draft)
	written.Spec.Kustomize = settings
	l, err := g.finishAdoption(ctx, written, draft, append(b.files, glue...))
	l.notes = append(b.notes, l.notes...)
	return l, b.inWords(err)
}

// renderBase gives the objects of a base as it was brought.
func (g *Setup) renderBase(ctx context.Context, r InitRequest, b *brought) ([]staging.Object, error) {
	overlay, err := adopt.Kustomization(staging.Dir(change.TrialName), []string{"../../" + b.base()})
	if err != nil {
		return nil, fmt.Errorf("writing the kustomization: %w", err)
	}
	p := &project.Project{Metadata: project.Metadata{Name: r.Name}, Spec: project.Spec{
		Engine: project.EngineKustomize, Kustomize: project.Kustomize{Base: b.base()},
	}}
	objects, err := g.Renderer.Render(ctx, inMemory(b.files), p, change.TrialName, []staging.File{overlay})
	return objects, change.TemplateError(p, err)
}

// inMemory is an env repo that holds these files and is not written yet.
func inMemory(files []staging.File) fs.FS {
	tree := fstest.MapFS{}
	for _, file := range files {
		tree[file.Path] = &fstest.MapFile{Data: file.Data}
	}
	return tree
}

func draftProject(r InitRequest, draft adopt.Draft) project.Project {
	return project.Project{
		APIVersion: project.APIVersion, Kind: project.Kind,
		Metadata: project.Metadata{Name: r.Name, Title: r.Title},
		Spec: project.Spec{
			Engine: r.Engine, Output: r.Output,
			Hosts:    project.Hosts{BaseDomain: r.BaseDomain},
			Services: draft.Services, Parameters: draft.Parameters,
			ArgoCD: project.ArgoCD{RepoURL: r.RepoURL},
		},
	}
}

// finishAdoption writes octopod.yaml, and renders one staging to learn what
// the checks would refuse. That goes into the file as commented exceptions:
// each is a decision, and not Octopod's.
func (g *Setup) finishAdoption(ctx context.Context, written project.Project, draft adopt.Draft, files []staging.File) (layout, error) {
	data, err := written.Encode()
	if err != nil {
		return layout{}, fmt.Errorf("writing %s: %w", project.File, err)
	}
	p, err := project.Parse(data)
	if err != nil {
		return layout{}, err
	}
	findings, err := g.CheckTemplate(ctx, p, inMemory(files))
	if err != nil {
		return layout{}, err
	}
	data = append([]byte("# yaml-language-server: $schema=.octopod/octopod.schema.json\n"), data...)
	data = append(data, suggestions...)
	data = append(data, exceptions(findings)...)
	return layout{
		project: p, notes: draft.Notes, findings: findings,
		files: append(files, staging.File{Path: project.File, Data: data}),
	}, nil
}

// suggestions are what a team wants next, under spec, which is the last field
// of the file.
const suggestions = `  # What teams add next; the schema beside this file knows all fields.
  # naming:
  #   stripPrefixes: [feature/, fix/]  # feature/login becomes login
  # lifecycle:
  #   ttl: 14d                # archived when no deploy came for so long
  #   archiveRetention: 30d   # deleted when archived for so long
  #   maxActive: 20
  #   permanent: [main]
  # quota:
  #   requests.cpu: "1"
  #   requests.memory: 2Gi
  #   pods: "20"
  # links:
  #   - {name: Logs, url: "https://grafana.example.com/explore?namespace={namespace}"}
`

// exceptions writes findings as a commented list of spec.checks.allow.
func exceptions(findings []staging.Problem) []byte {
	var lines []string
	for _, f := range findings {
		kind, name, _ := strings.Cut(f.Object, "/")
		line := fmt.Sprintf("  #     - {rule: %s, kind: %s, name: %s, reason: say why}", f.Rule, kind, project.StableName(kind, name))
		if f.Rule != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	head := "  # The checks refuse what follows. Mend the template, or take the marks off with a reason.\n  # checks:\n  #   allow:\n"
	return []byte(head + strings.Join(lines, "\n") + "\n")
}
