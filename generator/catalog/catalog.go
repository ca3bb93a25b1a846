package catalog

import (
	"context"
	"errors"
	"octopod/generator/render"
	"time"

	"octopod/generator/compare"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Catalog reads the stagings that one env repo records. It writes nothing, and
// never asks Argo CD. It is safe for use by many goroutines.
type Catalog struct {
	Repo     *envrepo.Repo
	Renderer *render.Renderer
	Heads    Heads            // branches of the application's repositories; nil when no forge is configured
	Logs     compare.Logs     // commits of the application's repositories; nil when no forge is configured
	Now      func() time.Time // dates records and observations
	// Served reads the other env repos of the server, by address. Nil outside of a server.
	Served func(context.Context) map[string]*envrepo.Tree
}

// Open reads octopod.yaml and resolves the staging of an action. One request fetches
// all files that rendering needs.
func Open(ctx context.Context, tree *envrepo.Tree, a staging.Action) (*project.Project, staging.Action, error) {
	paths := []string{project.File, "templates", "jsonnet"}
	if a.Name != "" {
		paths = append(paths, staging.Dir(a.Name))
	}
	if err := tree.Prefetch(ctx, paths...); err != nil {
		return nil, a, err
	}
	p, err := tree.Project()
	if err != nil {
		return nil, a, err
	}
	a, err = resolveName(tree, p, a)
	return p, a, err
}

func (g *Catalog) tree(ctx context.Context, revision string) (*envrepo.Tree, error) {
	if revision == "" {
		return g.Repo.Tip(ctx)
	}
	return g.Repo.At(ctx, revision)
}

// Project reads octopod.yaml at the tip.
func (g *Catalog) Project(ctx context.Context) (*project.Project, error) {
	_, p, err := g.Latest(ctx)
	return p, err
}

// Latest reads the tip and its octopod.yaml.
func (g *Catalog) Latest(ctx context.Context) (*envrepo.Tree, *project.Project, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, nil, err
	}
	p, err := tree.Project()
	return tree, p, err
}

// IsRepoFault reports whether an error concerns the whole env repo: it cannot be
// reached, or the caller has given up. Any other error of reading a staging is a fault
// of that staging's own files and must not fail the others.
func IsRepoFault(err error) bool {
	switch staging.CodeOf(err) {
	case staging.CodeUnavailable, staging.CodeUnauthorized, staging.CodeForbidden, staging.CodeTimeout:
		return true
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// FindRecord reads a record, nil when there is none.
func FindRecord(tree *envrepo.Tree, name string) (*staging.Staging, error) {
	if exists, err := tree.Has(name); err != nil || !exists {
		return nil, err
	}
	s, err := tree.Staging(name)
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// resolveName returns the action with the name of its staging: the given name, or the
// name of its branch.
func resolveName(tree *envrepo.Tree, p *project.Project, a staging.Action) (staging.Action, error) {
	if a.Branch != "" {
		branch, err := staging.ParseBranch(a.Branch)
		if err != nil {
			return a, err
		}
		a.Branch = branch
	}
	if a.Name != "" {
		return a, nil
	}
	if a.Branch == "" {
		return a, staging.Errorf(staging.CodeInvalid, "neither a name nor a branch is given").
			WithTechnicalHint("name the staging, or give --branch")
	}
	name, err := p.NameFor(a.Branch, func(name string) (string, error) { return OwnerOf(tree, name) })
	a.Name = name
	return a, err
}

// OwnerOf returns the branch that holds a name. A record that cannot be read still
// holds its name, for no branch in particular.
func OwnerOf(tree *envrepo.Tree, name string) (string, error) {
	s, err := FindRecord(tree, name)
	switch {
	case err != nil && staging.CodeOf(err) == staging.CodeInvalid:
		return "(unreadable)", nil
	case err != nil:
		return "", err
	case s == nil:
		return "", nil
	}
	return s.Spec.Branch, nil
}

// View returns the view of a record, without the phase. content is the hash of the
// staging's files; "" if it is unknown.
func View(p *project.Project, s staging.Staging, revision, content string) staging.View {
	standing, untried := p.TestState(s, content)
	v := staging.View{Document: s.Document(), Status: staging.Status{
		Revision: revision, Tested: standing, Untested: untried, URL: p.URL(p.MainService(), s.Name), URLs: map[string]string{}, Services: map[string]staging.ServiceStatus{},
	}}
	for _, name := range p.ServiceNames() {
		if url := p.URL(name, s.Name); url != "" {
			v.Status.URLs[name] = url
		}
	}
	for name, service := range s.Spec.Services {
		v.Status.Services[name] = staging.ServiceStatus{Wanted: service.Image}
	}
	return v
}

// invalidView returns the view of a staging whose record cannot be read.
func invalidView(name, revision string, err error) staging.View {
	s := staging.Staging{Name: name}
	return staging.View{Document: s.Document(), Status: staging.Status{
		Phase: staging.PhaseInvalid, Reason: staging.Reason{Code: staging.ReasonInvalidRecord}, Detail: err.Error(), Revision: revision,
	}}
}

// SameAt reports whether two trees have the same content at a path. It is false when a
// tree cannot be read: callers then read the path and get the error.
func SameAt(a, b *envrepo.Tree, path string) bool {
	hashA, errA := a.TreeHash(path)
	hashB, errB := b.TreeHash(path)
	return errA == nil && errB == nil && hashA == hashB
}
