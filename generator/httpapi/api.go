package httpapi

import (
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
			Info: &huma.Info{
				Title: "Octopod", Version: o.Version, Description: description,
				Contact: &huma.Contact{Name: "The team that runs this server"},
				License: &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "/", Description: "The server that serves this document"}},
			Tags:    tags(),
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
	api := humago.New(mux, config)
	s.routes(api)
	for _, theirs := range []string{"ErrorModel", "ErrorDetail"} { // answers have Problem
		delete(api.OpenAPI().Components.Schemas.Map(), theirs)
	}
	addUnknown(mux)
	return conditional(s.replays.middleware(o.Actor, s.withFreshness(mux)))
}

const description = "Staging environments for branches, stored in an env repo that Argo CD syncs. " +

	"Requests and responses have the format of `octopod … -o json`. {project} is the name of a project, or - for the only project of a server. " +
	"Writes accept an Idempotency-Key: repeating a request with the same key returns the first response. " +
	"Reads come from memory: the header Octopod-As-Of says when the env repo was read last, Octopod-Stale and Octopod-Stale-Since why and since when it cannot be read."

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
