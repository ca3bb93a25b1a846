package generator

import (
	"context"
	"time"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
)

// Stagings answers for all stagings of one env repo. It is safe for use by
// many goroutines.
type Stagings struct {
	Parts
	connection connection
	asked      asked
	awaited    awaited
	deliveries deliveries
	cleaning   cleaning
}

// Parts are what the use cases are made of.
type Parts struct {
	Repo     *envrepo.Repo
	Renderer *render.Renderer
	// ArgoCD writes the files that make Argo CD follow the env repo. nil leaves
	// them to the reader.
	ArgoCD func(*project.Project) ([]staging.File, error)
	// Connect gives the Argo CD that runs a project. It is asked once. nil means
	// that none is known: no phase is told then.
	Connect func(*project.Project) (Cluster, error)
	// Images tells whether images exist, and their digests. nil means that no
	// registry is asked.
	Images Images
	// Heads tells where the branches of the application's repositories are. nil
	// means that they are not asked.
	Heads Heads
	// Sinks are the names of those that are told when a staging changes its state.
	// nil means that nobody is told from here: that is for servers.
	Sinks []string
	// Now is the clock: it dates records, and what is seen of Argo CD.
	Now func() time.Time
}

// New wires the use cases.
func New(parts Parts) *Stagings { return &Stagings{Parts: parts} }

// Asker says who asks, and through which door.
type Asker struct {
	Person  staging.Person
	Via     staging.Via
	Request string // an id that finds this request in the history; may be empty
	Key     string // the same for every try of a request, so that it counts once; may be empty
	Rights  Rights // nil where the git server alone says who may do what
}

// Request is one action on one staging.
type Request struct {
	Action    staging.Action
	By        Asker
	DryRun    bool // work everything out, commit nothing
	Manifests bool // also give the objects before and after, for a diff
	// Version of the record that the asker saw; when it is another one by now, the
	// request is refused as a conflict. "" is content with any.
	Version string

	digests map[string]string // of images, as the registries said; nil before they were asked
}

// Result says what an action did, or would do.
type Result struct {
	Staging  *staging.View        `json:"staging"` // nil when the staging is gone
	Changed  bool                 `json:"changed"`
	Revision string               `json:"revision,omitempty"`
	Plan     []staging.PlanItem   `json:"plan"`
	Note     string               `json:"note,omitempty"` // why less was done than was asked
	Refused  []Regenerated        `json:"-"`              // stagings that would follow a new default image, and cannot
	Changes  []staging.Difference `json:"changes,omitempty"`
	Name     string               `json:"-"`
	earlier  bool                 // an earlier try of the request did it
	Before   []staging.Object     `json:"-"` // only with Request.Manifests
	After    []staging.Object     `json:"-"`
}

// current reads a record that may not be there yet.
func current(tree *envrepo.Tree, name string) (*staging.Staging, error) {
	if !tree.Has(name) {
		return nil, nil
	}
	s, err := tree.Staging(name)
	if err != nil {
		return nil, err
	}
	return &s, nil
}

// settleName finds the staging that an action means: by name, or by the name
// that its branch has.
func settleName(tree *envrepo.Tree, p *project.Project, a staging.Action) (staging.Action, error) {
	if a.Branch != "" {
		branch, err := staging.Branch(a.Branch)
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
			WithHint("name the staging, or give --branch")
	}
	name, err := p.NameFor(a.Branch, func(name string) (string, error) { return ownerOf(tree, name) })
	a.Name = name
	return a, err
}

// ownerOf tells which branch holds a name. A record that cannot be read still
// holds its name, for no branch in particular.
func ownerOf(tree *envrepo.Tree, name string) (string, error) {
	s, err := current(tree, name)
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

// view shows a record together with what follows from it.
func view(p *project.Project, s staging.Staging, revision string) staging.View {
	standing, untried := p.Standing(s)
	v := staging.View{Document: s.Document(), Status: staging.Status{
		Revision: revision, Tested: standing, Untried: untried, URL: p.URL(p.MainService(), s.Name), URLs: map[string]string{}, Services: map[string]staging.ServiceStatus{},
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

// invalidView shows a staging whose record cannot be read.
func invalidView(name, revision string, err error) staging.View {
	s := staging.Staging{Name: name}
	return staging.View{Document: s.Document(), Status: staging.Status{
		Phase: staging.PhaseInvalid, Reason: "The record of this staging cannot be read.", Detail: err.Error(), Revision: revision,
	}}
}

// change commits an edit, or with dryRun only works it out.
func (g *Stagings) change(ctx context.Context, dryRun bool, edit envrepo.Editing) (envrepo.Result, error) {
	if !dryRun {
		return g.Repo.Change(ctx, edit)
	}
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return envrepo.Result{}, err
	}
	e, err := edit(ctx, tree)
	if err != nil {
		return envrepo.Result{}, err
	}
	plan, err := e.Plan(tree)
	return envrepo.Result{Revision: tree.Revision(), Changed: len(plan) > 0}, err
}
