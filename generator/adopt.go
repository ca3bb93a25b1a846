package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest" // only for its in-memory fs.FS

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
)

// adoptKustomize makes a project of a kustomize base or a plain folder of YAML
// that was not written for Octopod.
func (g *Stagings) adoptKustomize(ctx context.Context, r InitRequest) (layout, error) {
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
func (g *Stagings) renderBase(ctx context.Context, r InitRequest, b *brought) ([]staging.Object, error) {
	overlay, err := adopt.Resources(envrepo.StagingDir(probe), []string{"../../" + b.base()})
	if err != nil {
		return nil, fmt.Errorf("writing the kustomization: %w", err)
	}
	p := &project.Project{Metadata: project.Metadata{Name: r.Name}, Spec: project.Spec{
		Engine: project.EngineKustomize, Kustomize: project.Kustomize{Base: b.base()},
	}}
	objects, err := g.Renderer.Render(ctx, inMemory(b.files), p, probe, []staging.File{overlay})
	return objects, ofTemplate(p, err)
}

// probe is a staging that is rendered once and never written.
const probe = "probe"

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
func (g *Stagings) finishAdoption(ctx context.Context, written project.Project, draft adopt.Draft, files []staging.File) (layout, error) {
	data, err := written.Encode()
	if err != nil {
		return layout{}, fmt.Errorf("writing %s: %w", project.File, err)
	}
	p, err := project.Parse(data)
	if err != nil {
		return layout{}, err
	}
	findings, err := g.tryStaging(ctx, p, inMemory(files))
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

// tryStaging makes one staging in memory and gives what the checks refuse in it.
func (g *Stagings) tryStaging(ctx context.Context, p *project.Project, tree fs.FS) ([]staging.Problem, error) {
	images := map[string]staging.Build{}
	for _, name := range p.ServiceNames() {
		images[name] = staging.Build{Image: "registry.example.com/" + name + ":1"}
	}
	s, err := p.Apply(nil, staging.Action{Verb: staging.Deploy, Name: probe, Branch: probe, Images: images}, staging.Stamp{})
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
	return nil, ofTemplate(p, err)
}

// ofTemplate words a fault of the probe as one of the template: the directory of
// the probe is nowhere to be found.
func ofTemplate(p *project.Project, err error) error {
	template, dir := templatePath(p), envrepo.StagingDir(probe)
	err = reworded(err, strings.NewReplacer("../../"+template, template, "build "+dir, "build "+template))
	for i, problem := range staging.ProblemsOf(err) {
		if problem.File == dir || strings.HasPrefix(problem.File, dir+"/") {
			staging.ProblemsOf(err)[i].File, staging.ProblemsOf(err)[i].Line = template, 0
		}
	}
	return err
}

// reworded gives a copy of an error with words replaced in everything that it says.
func reworded(err error, words *strings.Replacer) error {
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
