package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// New returns the handler for Path and everything below it.
func New(o Options) http.Handler {
	if o.Heartbeat == 0 {
		o.Heartbeat = 15 * time.Second
	}
	s := &server{Options: o, replays: newReplays(o.Now)}
	mux := http.NewServeMux()
	config := huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Octopod", Version: o.Version, Description: description},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaNamer()),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token": {Type: "http", Scheme: "bearer", Description: "An API token, or the identity token of a CI run."},
				},
			},
			Security: []map[string][]string{{"token": {}}, {}},
		},
		OpenAPIPath: Path + "/openapi", Formats: huma.DefaultFormats, DefaultFormat: "application/json",
		Transformers: []huma.Transformer{convertHumaError}, RejectUnknownQueryParameters: true,
	}
	s.routes(humago.New(mux, config))
	mux.HandleFunc(Path+"/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, problemOf(staging.Errorf(staging.CodeNotFound, "the API has no %s %s", r.Method, r.URL.Path).
			WithHint("%s/openapi.json describes it", Path)))
	})
	return s.replays.middleware(o.Actor, mux)
}

const description = "Staging environments for branches, stored in an env repo that Argo CD syncs. " +

	"Requests and responses have the format of `octopod … -o json`. {project} is the name of a project, or - for the only project of a server. " +
	"Writes accept an Idempotency-Key: repeating a request with the same key returns the first response."

// publishedSchemas holds the schema names that differ from the Go type. They are
// part of the published API.
func publishedSchemas() map[reflect.Type]string {
	return map[reflect.Type]string{
		reflect.TypeFor[ChangeRequest]():      "Change",
		reflect.TypeFor[changeResponse]():     "Result",
		reflect.TypeFor[regenerateRequest]():  "Regenerating",
		reflect.TypeFor[regenerateResponse](): "Regeneration",
		reflect.TypeFor[regeneratedStaging](): "Regenerated",
		reflect.TypeFor[fixRequest]():         "Mending",
		reflect.TypeFor[sweepRequest]():       "Sweeping",
		reflect.TypeFor[sweepResponse]():      "Sweep",
		reflect.TypeFor[sweptStaging]():       "Swept",
		reflect.TypeFor[branchCount]():        "Heard",
		reflect.TypeFor[staging.Problem]():    "SingleProblem",

		reflect.TypeFor[staging.Transition]():       "Turn",
		reflect.TypeFor[staging.Protection]():       "Keeping",
		reflect.TypeFor[staging.Attribution]():      "Stamp",
		reflect.TypeFor[project.NotificationRule](): "ProjectNotice",
		reflect.TypeFor[project.Target]():           "ProjectTo",
		reflect.TypeFor[project.PatchTarget]():      "ProjectPatchTo",
	}
}

// schemaNamer returns the names of schemas. It distinguishes types with the same
// name: octopod.yaml and a staging both have a Spec.
func schemaNamer() func(reflect.Type, string) string {
	published := publishedSchemas()
	return func(t reflect.Type, hint string) string {
		named := t
		if t.Kind() == reflect.Pointer {
			named = t.Elem()
		}
		if name := published[named]; name != "" {
			return name
		}
		name := huma.DefaultSchemaNamer(t, hint)
		if strings.HasSuffix(t.PkgPath(), "/project") && name != "Project" {
			return "Project" + name
		}
		return name
	}
}

// add registers an operation.
func add[I, O any](api huma.API, method, path, id, summary string, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: id, Method: method, Path: Path + path, Summary: summary, MaxBodyBytes: maxBody, BodyReadTimeout: noDeadline,
		Responses: map[string]*huma.Response{"default": problemResponse(api)},
	}, handler)
}

func (s *server) routes(api huma.API) {
	const project, stagings, one = "/projects/{project}", "/projects/{project}/stagings", "/projects/{project}/stagings/{name}"
	add(api, http.MethodGet, "/projects", "list-projects", "The projects of this server", s.listProjects)
	add(api, http.MethodGet, project, "get-project", "One project: its services, parameters, presets", s.getProject)
	add(api, http.MethodGet, stagings, "list-stagings", "The stagings that match a query", s.listStagings)
	add(api, http.MethodGet, one, "get-staging", "One staging", s.getStaging)
	add(api, http.MethodPost, one+"/{verb}", "change-staging", "Change a staging, in one commit", s.changeStaging)
	add(api, http.MethodGet, one+"/history", "get-history", "The versions of a staging, newest first", s.getHistory)
	add(api, http.MethodGet, one+"/manifests", "get-manifests", "The objects of a staging, secrets masked", s.getManifests)
	add(api, http.MethodGet, one+"/drift", "get-drift", "The objects as committed, and as generated now", s.getDrift)
	add(api, http.MethodPost, project+"/regenerate", "regenerate", "Regenerate the files of stagings", s.regenerate)
	add(api, http.MethodPost, project+"/lint", "lint", "All faults in the env repo", s.lint)
	add(api, http.MethodGet, project+"/doctor", "doctor", "Check all requirements of the stagings", s.diagnose)
	add(api, http.MethodPost, project+"/mend", "mend", "Rewrite the files derived from octopod.yaml", s.fix)
	add(api, http.MethodPost, project+"/sweep", "sweep", "Archive, restore and delete stagings that are due", s.sweep)
	add(api, http.MethodGet, project+"/explain", "explain", "Explain why a branch has a staging or not", s.explain)
	add(api, http.MethodGet, project+"/deliveries", "list-deliveries", "The latest webhook deliveries, newest first", s.listDeliveries)
	s.addEvents(api, project+"/events")
}
