package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"octopod/generator"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Path is where the API is mounted.
const Path = "/api/v1"

// Projects gives access to the projects of a server.
type Projects interface {
	// Names lists those that the actor of a request may look at.
	Names(ctx context.Context) []string
	// Access gives one project as the actor may use it, who says this of
	// themselves.
	Access(ctx context.Context, project string, said rights.Actor) (*generator.Access, error)
}

// Options is what the API needs.
type Options struct {
	Projects Projects
	// Actor names who asks, for keys that a request is repeated by.
	Actor func(ctx context.Context) string
	// Refused hears of what a use case refused, for the audit log.
	Refused func(ctx context.Context, err error)
	Version string
	Log     *slog.Logger
	Now     func() time.Time
	// Heartbeat is how often a silent stream shows that it lives. Default 15 s.
	Heartbeat time.Duration
}

type server struct {
	Options
	replays *replays
}

// New gives the handler of Path and everything below it.
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

const description = "Staging environments for branches, written into an env repo that Argo CD follows. " +
	"The shapes are those of `octopod … -o json`. {project} is a project's name, or - on a server that has one alone. " +
	"Writes take an Idempotency-Key: a request that is repeated with it gets the first answer again."

// publishedSchemas keeps the schema names that clients know where the Go type has
// another name.
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

func problemResponse(api huma.API) *huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(problemType, true, "Problem")
	return &huma.Response{Description: "A problem", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
}

func (s *server) routes(api huma.API) {
	const project, stagings, one = "/projects/{project}", "/projects/{project}/stagings", "/projects/{project}/stagings/{name}"
	add(api, http.MethodGet, "/projects", "list-projects", "The projects of this server", s.listProjects)
	add(api, http.MethodGet, project, "get-project", "One project: its services, parameters, presets", s.getProject)
	add(api, http.MethodGet, stagings, "list-stagings", "The stagings that a query chooses", s.listStagings)
	add(api, http.MethodGet, one, "get-staging", "One staging", s.getStaging)
	add(api, http.MethodPost, one+"/{verb}", "change-staging", "Change a staging, in one commit", s.changeStaging)
	add(api, http.MethodGet, one+"/history", "get-history", "The versions of a staging, newest first", s.getHistory)
	add(api, http.MethodGet, one+"/manifests", "get-manifests", "The objects of a staging, secrets masked", s.getManifests)
	add(api, http.MethodGet, one+"/drift", "get-drift", "The objects as committed, and as generating them now would give", s.getDrift)
	add(api, http.MethodPost, project+"/regenerate", "regenerate", "Write stagings out again", s.regenerate)
	add(api, http.MethodPost, project+"/lint", "lint", "Everything that is wrong with the env repo", s.lint)
	add(api, http.MethodGet, project+"/doctor", "doctor", "Whether everything is right for stagings to come up", s.diagnose)
	add(api, http.MethodPost, project+"/mend", "mend", "Write the files that follow from octopod.yaml anew", s.fix)
	add(api, http.MethodPost, project+"/sweep", "sweep", "Archive, wake and delete what is due", s.sweep)
	add(api, http.MethodGet, project+"/explain", "explain", "Why a branch has a staging, or has none", s.explain)
	add(api, http.MethodGet, project+"/deliveries", "list-deliveries", "What webhooks told lately, newest first", s.listDeliveries)
	s.addEvents(api, project+"/events")
}
