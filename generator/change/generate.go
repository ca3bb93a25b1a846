package change

import (
	"context"
	"fmt"
	"io/fs"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// generated is a staging written out.
type generated struct {
	files   []staging.File   // the whole content of its directory
	objects []staging.Object // nil when nothing had to be rendered
}

// generate writes a staging out, renders it and checks every object. A staging
// that fails a check is an error, never a commit.
func (g *Writer) generate(ctx context.Context, tree *envrepo.Tree, p *project.Project, s staging.Staging, wantObjects bool) (generated, error) {
	made, source, params, err := write(p, s)
	if err != nil {
		return generated{}, err
	}
	if !wantObjects && p.Spec.Output == project.OutputSource {
		if differs, err := tree.Differs(made.files); err != nil || !differs {
			return made, err // these very bytes were rendered and checked before
		}
	}
	if made.objects, err = g.render(ctx, tree, p, params, source); err != nil {
		return generated{}, err
	}
	if p.Spec.Output == project.OutputRendered {
		text, err := render.Manifests(made.objects)
		if err != nil {
			return generated{}, err
		}
		made.files = append(made.files, staging.File{Path: staging.ManifestsPath(s.Name), Data: text})
	}
	return made, nil
}

// write gives the files that need no rendering: the record, and what the
// engine reads.
func write(p *project.Project, s staging.Staging) (made generated, source []staging.File, params staging.Params, err error) {
	if params, err = p.Params(s); err != nil {
		return made, nil, params, err
	}
	record, err := envrepo.Record(s)
	if err != nil {
		return made, nil, params, err
	}
	if source, err = render.Source(p, params); err != nil {
		return made, nil, params, err
	}
	made.files = append([]staging.File{record}, source...)
	return made, source, params, nil
}

// render evaluates source files laid over the tree, and checks the objects.
func (g *Writer) render(ctx context.Context, tree fs.FS, p *project.Project, params staging.Params, source []staging.File) ([]staging.Object, error) {
	objects, err := g.Renderer.Render(ctx, tree, p, params.Name, source)
	if err != nil {
		return nil, err
	}
	return objects, checked(p, params, objects)
}

// checked refuses objects that break a rule.
func checked(p *project.Project, params staging.Params, objects []staging.Object) error {
	subject := check.Subject{
		Namespace: params.Namespace, BaseDomain: p.Spec.Hosts.BaseDomain,
		Images: map[string]string{}, Allow: p.Spec.Checks.Allow, State: params.State,
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
	return &staging.Error{
		Code: staging.CodeInvalid, Message: fmt.Sprintf("the checks refuse staging %s", params.Name), Problems: problems,
		Hint: "mend the template, or allow it with a reason under spec.checks.allow in " + project.File,
	}
}
