package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// The tags of the operations.
const (
	tagServer   = "server"
	tagProject  = "project"
	tagStagings = "stagings"
	tagHistory  = "history"
)

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: tagServer, Description: "The caller and the projects of the server"},
		{Name: tagProject, Description: "One project: its files, branches and maintenance"},
		{Name: tagStagings, Description: "The stagings of a project, and their changes"},
		{Name: tagHistory, Description: "The history, and the state of the cluster"},
	}
}

// operation describes one operation. Its description completes the summary.
type operation struct{ method, path, id, tag, summary, description string }

// add registers an operation.
func add[I, O any](api huma.API, o operation, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{
		OperationID: o.id, Method: o.method, Path: Path + o.path, Tags: []string{o.tag}, Summary: o.summary, Description: o.description,
		MaxBodyBytes: maxBody, BodyReadTimeout: noDeadline, Responses: failures(api),
	}, handler)
}

// failures describes the answers that are problems.
func failures(api huma.API) map[string]*huma.Response {
	return map[string]*huma.Response{"4XX": problemResponse(api, "The request is at fault"), "default": problemResponse(api, "A problem")}
}

const (
	projectPath  = "/projects/{project}"
	stagingsPath = projectPath + "/stagings"
	onePath      = stagingsPath + "/{name}"
	eventsPath   = "/events"
)

func (s *server) routes(api huma.API) {
	const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	add(api, operation{get, "/whoami", "whoami", tagServer, "The caller", "Name, groups and role in each project, as the server sees the caller."}, s.whoami)
	add(api, operation{get, "/projects", "list-projects", tagServer, "The projects of this server", "The projects that the caller may read."}, s.listProjects)
	add(api, operation{get, projectPath, "get-project", tagProject, "One project: its services, parameters, presets", "octopod.yaml, as far as the caller may see it."}, s.getProject)
	add(api, operation{get, stagingsPath, "list-stagings", tagStagings, "The stagings that match a query", "Sorted by name. With limit, the header Link has the next page."}, s.listStagings)
	add(api, operation{get, onePath, "get-staging", tagStagings, "One staging", "The ETag begins with the version of the record, for If-Match."}, s.getStaging)
	add(api, operation{post, onePath + "/{verb}", "change-staging", tagStagings, "Change a staging, in one commit", "The verbs and their arguments are those of the command line."}, s.changeStaging)
	add(api, operation{get, onePath + "/history", "get-history", tagHistory, "The versions of a staging, newest first", "With limit, the header Link has the next page."}, s.getHistory)
	add(api, operation{get, onePath + "/manifests", "get-manifests", tagHistory, "The objects of a staging, secrets masked", "At a revision of the env repo."}, s.getManifests)
	add(api, operation{get, onePath + "/resources", "get-resources", tagHistory, "The resources of a staging in the cluster", "Resources and pods, as Argo CD reports them at present."}, s.getResources)
	add(api, operation{del, onePath + "/sync", "terminate-sync", tagStagings, "End the running sync of a staging", "For a hook that hangs. Argo CD's account needs the permission applications, sync."}, s.terminate)
	add(api, operation{get, onePath + "/drift", "get-drift", tagHistory, "The objects as committed, and as generated now", "The difference is what the next deploy would change."}, s.getDrift)
	add(api, operation{get, onePath + "/compare", "compare-staging", tagHistory, "The news of a staging", "Versions with their commits, settings, test data: since the last test or a version, against another staging or the defaults."}, s.compareStaging)
	add(api, operation{get, projectPath + "/activity", "list-activity", tagHistory, "The actions on all stagings, newest first", "With limit, the header Link has the next page."}, s.listActivity)
	add(api, operation{get, projectPath + "/branches", "list-branches", tagProject, "The branches of the project's repositories", "For callers who may create stagings. The server reads them at most every 30 seconds."}, s.listBranches)
	add(api, operation{post, projectPath + "/regenerate", "regenerate", tagProject, "Regenerate the files of stagings", "All of them, or the named ones, in one commit."}, s.regenerate)
	add(api, operation{post, projectPath + "/import", "import", tagProject, "Create the stagings of another system", "One commit each, in one push; all or none. Existing stagings do not change."}, s.importStagings)
	add(api, operation{post, projectPath + "/lint", "lint", tagProject, "All faults in the env repo", "Renders every variant that octopod.yaml allows."}, s.lint)
	add(api, operation{get, projectPath + "/doctor", "doctor", tagProject, "Check all requirements of the stagings", "The env repo, Argo CD, the registries and the sinks."}, s.diagnose)
	add(api, operation{post, projectPath + "/mend", "mend", tagProject, "Rewrite the files derived from octopod.yaml", "The files for Argo CD and the schemas."}, s.fix)
	add(api, operation{post, projectPath + "/sweep", "sweep", tagProject, "Archive, restore and delete stagings that are due", "As spec.lifecycle in octopod.yaml says."}, s.sweep)
	add(api, operation{get, projectPath + "/explain", "explain", tagProject, "Explain why a branch has a staging or not", "Lists the rules that decided."}, s.explain)
	add(api, operation{get, projectPath + "/cost", "get-cost", tagHistory, "The cost of stagings", "By staging, author, owner or week, at the prices of spec.cost in octopod.yaml."}, s.cost)
	add(api, operation{get, projectPath + "/deliveries", "list-deliveries", tagProject, "The latest webhook deliveries, newest first", "For admins."}, s.listDeliveries)
	s.addEvents(api, projectPath+eventsPath)
}
