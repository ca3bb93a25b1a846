package server

import (
	"net/url"
	"strings"

	"octopod/generator/httpapi"
	"octopod/generator/staging"
)

// The letters that a row allows.
const (
	everybody = actors           // and a stranger
	known     = "vuanNmbglfGdxA" // with any token
	readers   = "vuanNmglfGdxA"  // with a token for the project
	notNamed  = "vuamglfGdxA"    // readers, without those limited to the staging login
	writers   = "uanNmglfGdxA"   // may write something
	own       = "uanNglfA"       // may write login: its own runs, and people
	others    = "uaGd"           // may write main
	admins    = "a"              // of all of the project
)

// rows returns the matrix.
func (m *matrix) rows() []row {
	rows := m.readRows()
	for _, verb := range apiVerbs {
		rows = append(rows, m.apiRow(verb, "login", "feature/login", own), m.apiRow(verb, "main", "main", others))
	}
	rows = append(rows, m.reachRows()...)
	rows = append(rows, pageRows()...)
	for _, verb := range pageVerbs {
		rows = append(rows, m.pageRow(verb, "main"), m.pageRow(verb, "login"))
	}
	return rows
}

const (
	apiShop = "/api/v1/projects/shop"
	apiAll  = "/api/v1/projects/{project}"
)

// get is a row of the API that reads.
func get(route, path, allowed string) row {
	return row{route: "GET " + apiAll + route, path: apiShop + path, allowed: allowed}
}

func (m *matrix) readRows() []row {
	const one = "/stagings/{name}"
	dry := map[string]any{"dryRun": true}
	post := func(route string, body any, allowed string) row {
		return row{route: "POST " + apiAll + route, path: apiShop + route, body: body, allowed: allowed}
	}
	return []row{
		{route: "GET /api/v1/projects", path: "/api/v1/projects", allowed: known},
		{route: "GET " + apiAll, path: apiShop, allowed: readers},
		get("/stagings", "/stagings?all=true", readers),
		get("/stagings", "/stagings?name=login", readers), get("/stagings", "/stagings?name=main", notNamed),
		get(one, "/stagings/login", readers), get(one, "/stagings/main", notNamed),
		get(one+"/history", "/stagings/login/history", readers), get(one+"/history", "/stagings/main/history", notNamed),
		get(one+"/compare", "/stagings/login/compare", readers), get(one+"/compare", "/stagings/main/compare", notNamed),
		get(one+"/compare", "/stagings/login/compare?with=main", notNamed), // it shows both
		get(one+"/manifests", "/stagings/login/manifests", "aNA"), get(one+"/manifests", "/stagings/main/manifests", "aA"),
		get(one+"/drift", "/stagings/login/drift", "aNA"), get(one+"/drift", "/stagings/main/drift", "aA"),
		get("/doctor", "/doctor", "aA"),
		get("/explain", "/explain?branch=feature/login", readers), get("/explain", "/explain?branch=main", notNamed),
		get("/deliveries", "/deliveries", admins),
		get("/events", "/events", readers), get("/events", "/events?name=main", notNamed),
		post("/regenerate", dry, admins), post("/regenerate", map[string]any{"dryRun": true, "names": []string{"login"}}, "aN"),
		post("/regenerate", map[string]any{"dryRun": true, "names": []string{"login", "main"}}, admins),
		{route: "GET /api/v1/whoami", path: "/api/v1/whoami", allowed: known},
		get(one+"/resources", "/stagings/login/resources", "aNA"), get(one+"/resources", "/stagings/main/resources", "aA"),
		get("/activity", "/activity", "aNA"), get("/cost", "/cost", readers), get("/cost", "/cost?name=main", notNamed),
		get("/branches", "/branches", "uaglfGdxA"),
		post("/import", map[string]any{"dryRun": true, "items": []any{}}, admins),
		{route: "DELETE " + apiAll + one + "/sync", path: apiShop + "/stagings/login/sync", allowed: "uanN"},
		{route: "DELETE " + apiAll + one + "/sync", path: apiShop + "/stagings/main/sync", allowed: "ua"},
		post("/lint", nil, "aA"), post("/mend", dry, admins), post("/sweep", dry, admins),
	}
}

// apiVerbs are the verbs of the API; undo comes first, while its change is the last.
var apiVerbs = []staging.Verb{
	staging.Undo, staging.Deploy, staging.Create, staging.Update, staging.Set, staging.Unset, staging.Archive, staging.Restore, staging.Restart, staging.Delete,
	staging.PinVerb, staging.Unpin, staging.Keep, staging.Unkeep, staging.Extend, staging.Mark, staging.Rollback,
	staging.ResetData, staging.SnapshotData, staging.RestoreData, staging.UndoData, staging.ForgetData,
}

// apiRow is a dry run of a verb on a staging.
func (m *matrix) apiRow(verb staging.Verb, name, branch, allowed string) row {
	body := httpapi.ChangeRequest{DryRun: true}
	switch verb {
	case staging.Undo:
		body.To = m.revisions[name]
	case staging.Create:
		name, body.Branch = "fresh", branch
		allowed = strings.NewReplacer("n", "", "N", "").Replace(allowed)
	case staging.Set:
		body.Set = map[string]string{"LOG_LEVEL": "warn"}
	case staging.Unset:
		body.Unset = []string{"LOG_LEVEL"}
	case staging.Keep:
		body.Reason = "a demo"
	case staging.SnapshotData:
		body.Label = "fresh"
	case staging.RestoreData, staging.ForgetData:
		body.Label = "saved"
	case staging.Mark:
		body.Outcome = staging.Tested
		allowed += "m"
	}
	return row{
		route: "POST " + apiAll + "/stagings/{name}/{verb}", verb: string(verb), path: apiShop + "/stagings/" + name + "/" + string(verb), body: body, allowed: allowed,
	}
}

// reachRows are dry runs that reach beyond their staging, or skip a check.
func (m *matrix) reachRows() []row {
	dry := func(verb staging.Verb, name string, a staging.Action, allowed string) row {
		return row{
			route: "POST " + apiAll + "/stagings/{name}/{verb}", verb: string(verb), path: apiShop + "/stagings/" + name + "/" + string(verb),
			body: httpapi.ChangeRequest{DryRun: true, Action: a}, allowed: allowed,
		}
	}
	notDue := func(r row) row { r.early = true; return r }
	frontend := map[string]staging.Build{"frontend": {Image: "registry.example.com/shop/frontend:3"}}
	return []row{
		// moving the default image: people, and the run of the default branch itself
		dry(staging.Deploy, "main", staging.Action{Branch: "main", Images: backend("3")}, "uaG"),
		dry(staging.Update, "main", staging.Action{Images: backend("3")}, "uaG"),
		dry(staging.Rollback, "main", staging.Action{To: m.versions["main"], WithDefault: true}, "uaG"),
		dry(staging.Deploy, "-", staging.Action{Branch: "main", Images: backend("3")}, "uaG"),
		// by the branch, in the name of another, with a build of another
		dry(staging.Deploy, "-", staging.Action{Branch: "feature/login", Images: backend("3")}, own),
		dry(staging.Deploy, "main", staging.Action{Branch: "feature/login", Join: true, Images: backend("3")}, others),
		dry(staging.Deploy, "main", staging.Action{Branch: "main", Join: true, Images: backend("3")}, "uaG"),
		dry(staging.Deploy, "login", staging.Action{Images: frontend}, "uanN"),
		dry(staging.Set, "login", staging.Action{Repository: "127.0.0.1/acme/shop-frontend"}, "uanN"),
		dry(staging.Delete, "-", staging.Action{Branch: "feature/login", Repository: "127.0.0.1/acme/shop-frontend"}, "uanN"),
		// names that lead elsewhere
		dry(staging.Delete, "login%2F..%2Fmain", staging.Action{Branch: "x"}, "ua"), // unchanged: there is no such staging
		// what is for admins
		dry(staging.Deploy, "login", staging.Action{Force: true}, "aNA"), dry(staging.Deploy, "login", staging.Action{NoImageCheck: true}, "aNA"),
		dry(staging.Archive, "login", staging.Action{BranchGone: true}, "aNA"), notDue(dry(staging.Delete, "login", staging.Action{Finish: true}, "aNA")),
		dry(staging.Set, "login", staging.Action{Set: map[string]string{"backend.memory": "1Gi"}}, "aNA"),
	}
}

func pageRows() []row {
	page := func(route, path, allowed string) row {
		return row{route: "GET /{project}" + route, path: "/shop" + path, allowed: allowed}
	}
	save := url.Values{"step": {"save"}, "title": {"Title"}}
	return []row{
		{route: "GET /{$}", path: "/", allowed: known}, {route: "GET /signin", path: "/signin", allowed: everybody},
		{route: "GET /signed-out", path: "/signed-out", allowed: everybody}, {route: "GET /assets/{file}", path: "/assets/app.css", allowed: everybody},
		{route: "GET /livez", path: "/livez", allowed: everybody}, {route: "GET /readyz", path: "/readyz", allowed: everybody},
		{route: "GET /metrics", path: "/metrics", allowed: everybody}, {route: "GET /version", path: "/version", allowed: everybody},
		{route: "GET /{project}", path: "/shop", allowed: known}, // a redirect, whether the project exists or not
		page("/{$}", "/", readers), page("/archived", "/archived", readers), page("/about", "/about", readers), page("/theme.css", "/theme.css", readers), page("/logo", "/logo", readers),
		page("/events", "/events", readers), page("/activity", "/activity", "aNA"), page("/activity/{export}", "/activity/export.csv", "aNA"),
		page("/cost", "/cost", readers),
		page("/deliveries", "/deliveries", admins), page("/new", "/new", writers),
		page("/stagings/{name}", "/stagings/login", readers), page("/stagings/{name}", "/stagings/main", notNamed),
		page("/stagings/{name}/settings", "/stagings/login/settings", writers), page("/stagings/{name}/settings", "/stagings/main/settings", "uamglfGdxA"),
		page("/stagings/{name}/compare", "/stagings/login/compare", readers), page("/stagings/{name}/compare", "/stagings/login/compare?with=main", notNamed),
		page("/stagings/{name}/files", "/stagings/login/files", "aNA"), page("/stagings/{name}/files", "/stagings/main/files", "aA"),
		page("/stagings/{name}/resources", "/stagings/login/resources", "aNA"), page("/stagings/{name}/resources", "/stagings/main/resources", "aA"),
		page("/stagings/{name}/{verb}", "/stagings/login/archive", "uanNglfGdxA"), page("/stagings/{name}/{verb}", "/stagings/main/archive", "uaglfGdxA"),
		page("/stagings/{name}/pending", "/stagings/login/pending", "aNA"), page("/stagings/{name}/pending", "/stagings/main/pending", "aA"),
		page("/about", "/about?check=1", readers), // its findings are for admins
		{route: "POST /{project}/stagings/{name}/sync", path: "/shop/stagings/login/sync", body: url.Values{}, allowed: "uanN"},
		{route: "POST /{project}/stagings/{name}/sync", path: "/shop/stagings/main/sync", body: url.Values{}, allowed: "ua"},
		page("/bulk", "/bulk?verb=archive&name=login", "uanNglfGdxA"), page("/bulk", "/bulk?verb=archive&name=main", "uaglfGdxA"),
		{route: "POST /{project}/bulk", path: "/shop/bulk", body: url.Values{"verb": {"keep"}, "reason": {"a demo"}, "name": {"login", "main"}}, allowed: "ua", skip: "glfGdxAnN"},
		{route: "POST /{project}/new", path: "/shop/new", body: url.Values{"step": {"save"}, "branch": {"feature/fresh"}}, allowed: "ua", skip: "u"},
		{route: "POST /{project}/stagings/{name}/settings", path: "/shop/stagings/login/settings", body: save, allowed: own},
		{route: "POST /{project}/stagings/{name}/settings", path: "/shop/stagings/main/settings", body: save, allowed: others},
	}
}

// pageVerbs are the buttons of a page, in an order in which each can follow the other.
var pageVerbs = []string{"mark", "extend", "restart", "undo", "db-snapshot", "db-reset", "db-undo", "db-restore", "db-forget", "unset", "unpin", "rollback", "unpin", "keep", "unkeep", "pin", "unpin", "archive", "restore", "regenerate", "delete"}

// pageRow posts the form of a button. Of the allowed actors, only the admin does it:
// the rows of the API show the others.
func (m *matrix) pageRow(verb, name string) row {
	allowed := map[string]string{"login": own, "main": others}[name]
	body := url.Values{}
	switch verb {
	case "mark":
		body.Set("outcome", "tested")
		allowed += "m"
	case "regenerate":
		allowed = map[string]string{"login": "aNA", "main": admins}[name]
	case "undo":
		body.Set("to", m.revisions[name])
	case "rollback":
		body.Set("to", m.versions[name])
	case "unset":
		body.Set("name", "LOG_LEVEL")
	case "keep":
		body.Set("reason", "a demo")
	case "db-snapshot":
		body.Set("label", "from-the-page")
	case "db-restore", "db-forget":
		body.Set("label", "saved")
		body.Set("confirm", name)
	case "delete", "db-reset":
		body.Set("confirm", name)
	}
	return row{
		route: "POST /{project}/stagings/{name}/{verb}", verb: verb, path: "/shop/stagings/" + name + "/" + verb, body: body, allowed: allowed,
		skip: strings.Replace(allowed, "a", "", 1),
	}
}
