package httpapi

import (
	"context"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"octopod/generator/change"
	"octopod/generator/doctor"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

func pathOf(name string) string {
	if name == "" {
		name = noName
	}
	return "/stagings/" + url.PathEscape(name)
}

// Apply runs one action on one staging, in one commit.
func (c *Client) Apply(ctx context.Context, r change.Request) (change.Result, error) {
	send := ChangeRequest{Action: r.Action, DryRun: r.DryRun, Manifests: r.Manifests, AllowDataLoss: r.AllowDataLoss, Awaited: r.Awaited, ActorFields: actorFields(r.By)}
	path := pathOf(r.Action.Name) + "/" + string(r.Action.Verb)
	send.Verb, send.Name = "", ""
	var out changeResponse
	if err := c.callIf(ctx, r.Version, http.MethodPost, path, nil, send, &out); err != nil {
		return change.Result{}, err
	}
	return out.result(), nil
}

// Refresh does nothing: the server refreshes Argo CD after every change.
func (c *Client) Refresh(context.Context, []staging.PlanItem) error { return nil }

func values(q staging.Query) url.Values {
	v := url.Values{"name": q.Names}
	for flag, set := range map[string]bool{"archived": q.Archived, "all": q.All, "recorded": q.Recorded, "pending": q.Pending} {
		if set {
			v.Set(flag, "true")
		}
	}
	var terms []string
	for _, t := range q.Selector {
		sign := "=="
		if t.Not {
			sign = "!=="
		}
		terms = append(terms, t.Field+sign+t.Value)
	}
	if len(terms) > 0 {
		v.Set("where", strings.Join(terms, ","))
	}
	return v
}

// Find lists stagings.
func (c *Client) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	var out staging.List[staging.View]
	if err := c.call(ctx, http.MethodGet, "/stagings", values(q), nil, &out); err != nil {
		return nil, err
	}
	return out.Items, nil
}

// Project reads octopod.yaml.
func (c *Client) Project(ctx context.Context) (*project.Project, error) {
	var out project.Project
	if err := c.call(ctx, http.MethodGet, "", nil, nil, &out); err != nil {
		return nil, err
	}
	return &out, nil
}

// History lists the versions of a staging, newest first, with their rollouts.
func (c *Client) History(ctx context.Context, q staging.HistoryQuery) ([]staging.Event, error) {
	var out staging.List[staging.Event]
	err := c.call(ctx, http.MethodGet, pathOf(q.Name)+"/history", url.Values{"limit": {strconv.Itoa(q.Limit)}}, nil, &out)
	return out.Items, err
}

// Manifests returns the objects at a revision; "" for the tip.
func (c *Client) Manifests(ctx context.Context, name, revision string) ([]staging.Object, error) {
	var out staging.List[object]
	query := url.Values{}
	if revision != "" {
		query.Set("revision", revision)
	}
	err := c.call(ctx, http.MethodGet, pathOf(name)+"/manifests", query, nil, &out)
	return convertAll(out.Items, object.object), err
}

// errNoWorkTree refuses uncommitted edits: a server reads commits only.
func errNoWorkTree() error {
	return staging.Errorf(staging.CodeInvalid, "a server cannot read uncommitted changes").
		WithTechnicalHint("omit --server to check a clone on this machine")
}

// Drift returns the objects as committed, and as generated now.
func (c *Client) Drift(ctx context.Context, name string, edits *staging.Uncommitted) (before, after []staging.Object, err error) {
	if len(edits.Names()) > 0 {
		return nil, nil, errNoWorkTree()
	}
	var out drift
	err = c.call(ctx, http.MethodGet, pathOf(name)+"/drift", nil, nil, &out)
	return convertAll(out.Before, object.object), convertAll(out.After, object.object), err
}

// Uncommitted always fails: a server reads commits only.
func (c *Client) Uncommitted(context.Context, fs.FS) (*staging.Uncommitted, error) {
	return nil, errNoWorkTree()
}

// Lint lists all faults in the env repo.
func (c *Client) Lint(ctx context.Context, edits *staging.Uncommitted) ([]staging.Problem, error) {
	if len(edits.Names()) > 0 {
		return nil, errNoWorkTree()
	}
	var out staging.List[staging.Problem]
	err := c.call(ctx, http.MethodPost, "/lint", nil, nil, &out)
	return out.Items, err
}

// Diagnose runs all checks of octopod doctor.
func (c *Client) Diagnose(ctx context.Context) ([]doctor.Finding, error) {
	var out staging.List[doctor.Finding]
	err := c.call(ctx, http.MethodGet, "/doctor", nil, nil, &out)
	return out.Items, err
}

// Regenerate regenerates the files of stagings. It reports progress at the end.
func (c *Client) Regenerate(ctx context.Context, r change.RegenerateRequest) (change.RegenerateResult, error) {
	if len(r.Edits.Names()) > 0 {
		return change.RegenerateResult{}, errNoWorkTree()
	}
	send := regenerateRequest{Names: r.Names, DryRun: r.DryRun, KeepImages: r.KeepImages, AllowDataLoss: r.AllowDataLoss, ActorFields: actorFields(r.By)}
	var out regenerateResponse
	if err := c.call(ctx, http.MethodPost, "/regenerate", nil, send, &out); err != nil {
		return change.RegenerateResult{}, err
	}
	result := change.RegenerateResult{
		Items: convertAll(out.Items, regeneratedStaging.regenerated), Changed: out.Changed, Revision: out.Revision, Plan: out.Plan,
	}
	for i, item := range result.Items {
		if r.Progress != nil {
			r.Progress(item, i+1, len(result.Items))
		}
	}
	return result, nil
}

// Fix rewrites the files derived from octopod.yaml.
func (c *Client) Fix(ctx context.Context, by rights.Actor, dryRun bool) (change.Result, error) {
	var out changeResponse
	if err := c.call(ctx, http.MethodPost, "/mend", nil, fixRequest{DryRun: dryRun, ActorFields: actorFields(by)}, &out); err != nil {
		return change.Result{}, err
	}
	return out.result(), nil
}
