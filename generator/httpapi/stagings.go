package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"

	"octopod/generator"
	"octopod/generator/change"
	"octopod/generator/doctor"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

var (
	problemType = reflect.TypeFor[Problem]()
	viewType    = reflect.TypeFor[staging.View]()
)

// noName is the path segment for a name that is derived from the branch.
const noName = "-"

// ProjectPath is the path parameter of a project.
type ProjectPath struct {
	Project string `path:"project" doc:"Name of the project, or - for the only one"`
}

// StagingPath holds the path parameters of a staging.
type StagingPath struct {
	ProjectPath
	Name string `path:"name" doc:"Name of the staging"`
}

// response is a response with a body only.
type response[T any] struct{ Body T }

func (s *server) open(ctx context.Context, name string) (*generator.Access, error) {
	a, err := s.Projects.Access(ctx, name, rights.Actor{})
	return a, s.problem(ctx, err)
}

// problem converts an error into the response. It logs server errors and reports
// refusals.
func (s *server) problem(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return problemOf(staging.Errorf(staging.CodeUnavailable, "the client canceled the request"))
	}
	p := problemOf(err)
	if p.Code == staging.CodeForbidden || p.Code == staging.CodeUnauthorized {
		s.Refused(ctx, err)
	}
	if p.Status >= http.StatusInternalServerError {
		s.Log.ErrorContext(ctx, "request failed", "code", p.Code, "error", err)
	}
	return p
}

// respond returns the response for a result or its error.
func respond[T any](s *server, ctx context.Context, content T, err error) (*response[T], error) {
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &response[T]{content}, nil
}

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

// SelectorQuery holds the query parameters that select stagings, like the flags of
// octopod get.
type SelectorQuery struct {
	Names    []string `query:"name,explode" doc:"Exactly these names; each must exist"`
	Archived bool     `query:"archived" doc:"Archived stagings only"`
	All      bool     `query:"all" doc:"Active and archived"`
	Where    string   `query:"where" doc:"FIELD=VALUE and FIELD!=VALUE, separated by commas: author=ada,state!=deleting"`
	Recorded bool     `query:"recorded" doc:"The records only, without the status in Argo CD"`
}

func (q SelectorQuery) query() (staging.Query, error) {
	selector, err := staging.ParseSelector(q.Where)
	return staging.Query{Names: q.Names, Archived: q.Archived, All: q.All, Recorded: q.Recorded, Selector: selector}, err
}

type listInput struct {
	ProjectPath
	SelectorQuery
}

func (s *server) listStagings(ctx context.Context, in *listInput) (*response[staging.List[staging.View]], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	q, err := in.SelectorQuery.query()
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	views, err := a.Find(ctx, q)
	return respond(s, ctx, staging.ListOf(staging.Kind, views), err)
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
	views, err := a.Find(ctx, staging.Query{Names: []string{in.Name}})
	if err != nil {
		return nil, s.problem(ctx, err)
	}
	return &stagingOutput{ETag: `"` + views[0].Version + `"`, Body: views[0]}, nil
}

type changeInput struct {
	StagingPath
	Verb    staging.Verb `path:"verb" enum:"deploy,create,update,set,unset,archive,restore,restart,delete,pin,unpin,keep,unkeep,extend,mark,rollback"`
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
	version := strings.Trim(strings.TrimPrefix(in.IfMatch, "W/"), `"`)
	if version == "*" {
		version = ""
	}
	return change.Request{Action: c.Action, DryRun: c.DryRun, Manifests: c.Manifests, Version: version}
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
	Limit int `query:"limit" minimum:"0" doc:"Maximum number of versions; 0 for all"`
}

func (s *server) getHistory(ctx context.Context, in *historyInput) (*response[staging.List[staging.Event]], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	events, err := a.History(ctx, staging.HistoryQuery{Name: in.Name, Limit: in.Limit, Rollouts: true})
	return respond(s, ctx, staging.ListOf("Event", events), err)
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
	r, err := a.Regenerate(context.WithoutCancel(ctx), change.RegenerateRequest{Names: in.Body.Names, DryRun: in.Body.DryRun})
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

// writeProblem writes a problem outside of huma.
func writeProblem(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may have disconnected
}
