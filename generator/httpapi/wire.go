package httpapi

import (
	"encoding/json"

	"octopod/generator/change"
	"octopod/generator/cost"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// ChangeRequest is the body of a write: the arguments of the action and options.
// Verb and name are in the path.
type ChangeRequest struct {
	staging.Action
	// Plan and check everything, but commit nothing.
	DryRun bool `json:"dryRun,omitempty"`
	// Also return the objects before and after.
	Manifests bool `json:"manifests,omitempty"`
	// Also remove objects that hold data: volume claims, StatefulSets, namespaces.
	AllowDataLoss bool `json:"allowDataLoss,omitempty"`
	// Refuse the change if no Argo CD is connected that reports when the cluster has it.
	Awaited bool `json:"awaited,omitempty"`
	ActorFields
}

// ActorFields describes the client. Only a server without sign-in accepts the person.
type ActorFields struct {
	// The person.
	By *staging.Person `json:"by,omitempty"`
	// The source: cli, ci or api.
	Via staging.Via `json:"via,omitempty" enum:"cli,ci,api"`
	// Identifies the request in the history: the URL of a CI run.
	Request string `json:"request,omitempty" maxLength:"500"`
}

func actorFields(by rights.Actor) ActorFields {
	return ActorFields{By: &by.Person, Via: by.Via, Request: by.Request}
}

func (s ActorFields) actor() rights.Actor {
	actor := rights.Actor{Via: s.Via, Request: s.Request}
	if s.By != nil {
		actor.Person = *s.By
	}
	return actor
}

// changeResponse is the result of a write, or its plan.
type changeResponse struct {
	Staging  *staging.View      `json:"staging,omitempty"`
	Changed  bool               `json:"changed"`
	Revision string             `json:"revision,omitempty"`
	Plan     []staging.PlanItem `json:"plan"`
	Note     string             `json:"note,omitempty"`
	DryRun   bool               `json:"dryRun,omitempty"`

	Name    string               `json:"name"`
	Changes []difference         `json:"changes"`
	Before  []object             `json:"before,omitempty"`
	After   []object             `json:"after,omitempty"`
	Refused []regeneratedStaging `json:"refused,omitempty"`

	// Price of the staging after the change, if octopod.yaml has prices.
	Cost *cost.Day `json:"cost,omitempty"`
}

type difference struct {
	What string `json:"what"`
	// The staging, where a change of one staging changes another.
	Staging string `json:"staging,omitempty"`

	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

func resultOf(r change.Result, dryRun bool) changeResponse {
	out := changeResponse{
		Staging: r.Staging, Changed: r.Changed, Revision: r.Revision, Plan: r.Plan, Note: r.Note, DryRun: dryRun, Name: r.Name,
		Changes: convertAll(r.Changes, func(d staging.Difference) difference { return difference(d) }),
		Before:  convertAll(r.Before, objectOf), After: convertAll(r.After, objectOf), Refused: convertAll(r.Refused, regeneratedOf),
		Cost: r.Cost,
	}
	if out.Plan == nil {
		out.Plan = []staging.PlanItem{}
	}
	return out
}

func (r changeResponse) result() change.Result {
	return change.Result{
		Staging: r.Staging, Changed: r.Changed, Revision: r.Revision, Plan: r.Plan, Note: r.Note, Name: r.Name,
		Changes: convertAll(r.Changes, func(d difference) staging.Difference { return staging.Difference(d) }),
		Before:  convertAll(r.Before, object.object), After: convertAll(r.After, object.object), Refused: convertAll(r.Refused, regeneratedStaging.regenerated),
		Cost: r.Cost,
	}
}

// object is one manifest.
type object struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Namespace  string          `json:"namespace,omitempty"`
	Name       string          `json:"name"`
	Manifest   json.RawMessage `json:"manifest"`
}

func objectOf(o staging.Object) object {
	return object{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Manifest: o.JSON}
}

func (o object) object() staging.Object {
	return staging.Object{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, JSON: o.Manifest}
}

// regeneratedStaging is the result for one staging.
type regeneratedStaging struct {
	Name    string   `json:"name"`
	Changed bool     `json:"changed"`
	Removed []string `json:"removed,omitempty"`
	Skipped string   `json:"skipped,omitempty"`
	Error   *Fault   `json:"error,omitempty"`
}

func regeneratedOf(r change.Regenerated) regeneratedStaging {
	return regeneratedStaging{Name: r.Name, Changed: r.Changed, Removed: r.Removed, Skipped: r.Skipped, Error: faultOrNil(r.Err)}
}

func (r regeneratedStaging) regenerated() change.Regenerated {
	return change.Regenerated{Name: r.Name, Changed: r.Changed, Removed: r.Removed, Skipped: r.Skipped, Err: r.Error.errOrNil()}
}

// regenerateRequest is the body of a regeneration.
type regenerateRequest struct {
	// Names of stagings; default: all.
	Names  []string `json:"names,omitempty"`
	DryRun bool     `json:"dryRun,omitempty"`
	// Keep the images of services that run an earlier default.
	KeepImages bool `json:"keepImages,omitempty"`
	// Also remove objects that hold data: volume claims, StatefulSets, namespaces.
	AllowDataLoss bool `json:"allowDataLoss,omitempty"`
	ActorFields
}

// fixRequest is the body of a fix of derived files.
type fixRequest struct {
	DryRun bool `json:"dryRun,omitempty"`
	ActorFields
}

// regenerateResponse is the result of a regeneration.
type regenerateResponse struct {
	Items    []regeneratedStaging `json:"items"`
	Changed  bool                 `json:"changed"`
	Revision string               `json:"revision,omitempty"`
	Plan     []staging.PlanItem   `json:"plan"`
}

// drift holds the objects as committed, and as generated now.
type drift struct {
	Before []object `json:"before"`
	After  []object `json:"after"`
}

func convertAll[A, B any](items []A, f func(A) B) []B {
	out := make([]B, len(items))
	for i, item := range items {
		out[i] = f(item)
	}
	return out
}
