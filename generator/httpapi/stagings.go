package httpapi

import (
	"context"
	"net/http"

	"octopod/generator/change"
	"octopod/generator/doctor"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// projectName is one item of the list of projects.
type projectName struct {
	Name string `json:"name"`
}

func (s *server) listProjects(ctx context.Context, _ *struct{}) (*response[staging.List[projectName]], error) {
	names := convertAll(s.Projects.Names(ctx), func(name string) projectName { return projectName{name} })
	return respond(s, ctx, staging.ListOf("Project", names), nil)
}

func (s *server) getProject(ctx context.Context, in *ProjectPath) (*response[*project.Project], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	p, err := a.Project(ctx)
	return respond(s, ctx, p, err)
}

type listInput struct {
	ProjectPath
	SelectorQuery
	PageQuery
}

func (s *server) listStagings(ctx context.Context, in *listInput) (*listOutput[staging.View], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	q, err := in.SelectorQuery.query()
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	if q.After, err = in.after(); err != nil {
		return nil, s.problem(ctx, err)
	}
	if in.Limit > 0 {
		q.Limit = in.Limit + 1 // the one after the page shows that there is a next page
	}
	views, err := a.Find(ctx, q)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return pageOf(staging.Kind, &in.PageQuery, views, func(v staging.View) string { return v.Metadata.Name }), nil
}

// stagingOutput is a staging with the version of its record as ETag.
type stagingOutput struct {
	ETag string `header:"ETag"`
	Body staging.View
}

func (s *server) getStaging(ctx context.Context, in *StagingPath) (*stagingOutput, error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	views, err := a.Find(ctx, staging.Query{Names: []string{in.Name}, Pending: true})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &stagingOutput{ETag: `"` + views[0].Version + `"`, Body: views[0]}, nil
}

type changeInput struct {
	StagingPath
	Verb    staging.Verb `path:"verb" enum:"deploy,create,update,set,unset,archive,restore,restart,delete,pin,unpin,keep,unkeep,extend,mark,rollback,undo,db-reset,db-snapshot,db-restore,db-undo,db-forget"`
	IfMatch string       `header:"If-Match" doc:"Expected ETag of the staging; a different one is a conflict"`
	Key     string       `header:"Idempotency-Key" maxLength:"200" doc:"Repeating a request with the same key returns the first response"`
	Body    *ChangeRequest
}

func (in *changeInput) request() change.Request {
	var c ChangeRequest
	if in.Body != nil {
		c = *in.Body
	}
	c.Action.Verb, c.Action.Name = in.Verb, in.Name
	if in.Name == noName {
		c.Action.Name = ""
	}
	return change.Request{Action: c.Action, DryRun: c.DryRun, Manifests: c.Manifests, AllowDataLoss: c.AllowDataLoss, Awaited: c.Awaited, Version: recordVersion(in.IfMatch)}
}

func (s *server) changeStaging(ctx context.Context, in *changeInput) (*response[changeResponse], error) {
	var by rights.Actor
	if in.Body != nil {
		by = in.Body.actor()
	}
	by.Key = in.Key
	a, err := s.Projects.Access(ctx, in.Project, by)
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	r := in.request()
	// The commit completes even if the client disconnects.
	done, err := a.Apply(context.WithoutCancel(ctx), r)
	if r.Version != "" && staging.CodeOf(err) == staging.CodeConflict {
		p := problemOf(err)
		p.Status, p.Title = http.StatusPreconditionFailed, http.StatusText(http.StatusPreconditionFailed)
		return nil, p
	}
	return respond(s, ctx, resultOf(done, r.DryRun), err)
}

type historyInput struct {
	StagingPath
	PageQuery
}

func (s *server) getHistory(ctx context.Context, in *historyInput) (*listOutput[staging.Event], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	return s.eventPage(ctx, &in.PageQuery, func(limit int) ([]staging.Event, error) {
		return a.History(ctx, staging.HistoryQuery{Name: in.Name, Limit: limit, Rollouts: true})
	})
}

type activityInput struct {
	ProjectPath
	PageQuery
}

func (s *server) listActivity(ctx context.Context, in *activityInput) (*listOutput[staging.Event], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	return s.eventPage(ctx, &in.PageQuery, func(limit int) ([]staging.Event, error) { return a.Activity(ctx, limit) })
}

// eventPage returns a page of events. The first page reads one event more than it has, to
// know whether there is another page; later ones read the history to their place.
func (s *server) eventPage(ctx context.Context, q *PageQuery, read func(limit int) ([]staging.Event, error)) (*listOutput[staging.Event], error) {
	after, err := q.after()
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	limit := 0
	if q.Limit > 0 && after == "" {
		limit = q.Limit + 1
	}
	events, err := read(limit)
	if err == nil {
		events, err = eventsAfter(events, after)
	}
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return pageOf("Event", q, events, eventKey), nil
}

type manifestsInput struct {
	StagingPath
	Revision string `query:"revision" maxLength:"64" doc:"A commit of the env repo; default: the tip"`
}

func (s *server) getManifests(ctx context.Context, in *manifestsInput) (*response[staging.List[object]], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	objects, err := a.Manifests(ctx, in.Name, in.Revision)
	return respond(s, ctx, staging.ListOf("Object", convertAll(objects, objectOf)), err)
}

func (s *server) getDrift(ctx context.Context, in *StagingPath) (*response[drift], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	before, after, err := a.Drift(ctx, in.Name)
	return respond(s, ctx, drift{convertAll(before, objectOf), convertAll(after, objectOf)}, err)
}

type regenerateInput struct {
	ProjectPath
	Body regenerateRequest
}

func (s *server) regenerate(ctx context.Context, in *regenerateInput) (*response[regenerateResponse], error) {
	a, err := s.Projects.Access(ctx, in.Project, in.Body.actor())
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	r, err := a.Regenerate(context.WithoutCancel(ctx), change.RegenerateRequest{
		Names: in.Body.Names, DryRun: in.Body.DryRun, KeepImages: in.Body.KeepImages, AllowDataLoss: in.Body.AllowDataLoss,
	})
	out := regenerateResponse{Items: convertAll(r.Items, regeneratedOf), Changed: r.Changed, Revision: r.Revision, Plan: r.Plan}
	if out.Plan == nil {
		out.Plan = []staging.PlanItem{}
	}
	return respond(s, ctx, out, err)
}

func (s *server) lint(ctx context.Context, in *ProjectPath) (*response[staging.List[staging.Problem]], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	problems, err := a.Lint(ctx)
	return respond(s, ctx, staging.ListOf("Problem", problems), err)
}

func (s *server) diagnose(ctx context.Context, in *ProjectPath) (*response[staging.List[doctor.Finding]], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	findings, err := a.Diagnose(ctx)
	return respond(s, ctx, staging.ListOf("Finding", findings), err)
}

type fixInput struct {
	ProjectPath
	Body fixRequest
}

func (s *server) fix(ctx context.Context, in *fixInput) (*response[changeResponse], error) {
	a, err := s.Projects.Access(ctx, in.Project, in.Body.actor())
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	done, err := a.Fix(context.WithoutCancel(ctx), in.Body.DryRun)
	return respond(s, ctx, resultOf(done, in.Body.DryRun), err)
}
