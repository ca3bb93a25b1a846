package generator_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"octopod/generator/project"
	"octopod/generator/setup"
	"octopod/generator/staging"
)

func base(t *testing.T, file string) fs.FS {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/bases/" + file)
	if err != nil {
		t.Fatal(err)
	}
	dir := fstest.MapFS{}
	for _, f := range archive.Files {
		dir[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return dir
}

// adopted returns a fixture whose project was imported from a base of the txtar file.
func adopted(t *testing.T, file string, change func(*setup.InitRequest)) (*fixture, setup.InitResult) {
	t.Helper()
	w := empty(t)
	r := setup.InitRequest{
		Name: "guestbook", Engine: project.EngineKustomize, Output: project.OutputSource,
		BaseDomain: "staging.acme.io", Template: base(t, file), By: ada,
	}
	if change != nil {
		change(&r)
	}
	result, err := w.Init(t.Context(), r)
	if err != nil {
		t.Fatalf("init: %v", err)
	}
	return w, result
}

func TestAKustomizeBaseOfOnesOwnDeploysAtOnce(t *testing.T) {
	w, result := adopted(t, "kustomize.txtar", nil)
	services := map[string]project.Service{"web": {
		Title: "web", Image: "ghcr.io/acme/guestbook:1.4.2", TemplateImage: "ghcr.io/acme/guestbook",
		DefaultBranch: "main", Host: "{name}",
	}}
	if diff := cmp.Diff(services, result.Project.Spec.Services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	names := "FEATURE_X GREETING LOG_LEVEL PAGE_SIZE web.replicas worker.replicas"
	if got := strings.Join(result.Project.ParameterNames(), " "); got != names {
		t.Errorf("parameters %s, want %s", got, names)
	}
	if len(result.Findings) > 0 {
		t.Errorf("findings of the checks: %v", result.Findings)
	}
	w.do(staging.Action{
		Verb: staging.Deploy, Branch: "feature/x", Absent: []string{"FEATURE_X"},
		Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/guestbook:abc1234"}},
		Set:    map[string]string{"LOG_LEVEL": "debug", "GREETING": "Moin", "web.replicas": "3"},
	})
	w.shows("feature-x", map[string][]string{
		"Deployment/web":       {`"image":"ghcr.io/acme/guestbook:abc1234"`, `"replicas":3`, `"value":"Moin"`, `"namespace":"guestbook-feature-x"`},
		"Deployment/worker":    {`"image":"ghcr.io/acme/guestbook:abc1234"`},
		"Ingress/web":          {`"host":"feature-x.staging.acme.io"`, `"hosts":["feature-x.staging.acme.io"]`},
		"ConfigMap/web-config": {`"LOG_LEVEL":"debug"`, `"PAGE_SIZE":"20"`, "!FEATURE_X"},
	})
}

// shows renders a staging and searches its objects for text. Text after an
// exclamation mark must be absent. Generated names match by their prefix.
func (w *fixture) shows(name string, want map[string][]string) {
	w.t.Helper()
	objects, err := w.Manifests(w.t.Context(), name, "")
	if err != nil {
		w.t.Fatal(err)
	}
	for object, words := range want {
		json := ""
		for _, o := range objects {
			if strings.HasPrefix(o.String(), object) {
				json = string(o.JSON)
			}
		}
		for _, word := range words {
			absent, not := strings.CutPrefix(word, "!")
			if strings.Contains(json, absent) == not {
				w.t.Errorf("%s: %q is wrong in\n%s", object, word, json)
			}
		}
	}
}

func TestAPlainFolderSaysWhatTheChecksRefuse(t *testing.T) {
	w, result := adopted(t, "plain.txtar", nil)
	rules := map[string]string{}
	for _, f := range result.Findings {
		rules[f.Rule] = f.Object
	}
	if diff := cmp.Diff(map[string]string{"host-path": "Deployment/api", "load-balancer": "Service/ui"}, rules); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	deploy := staging.Action{Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{"api": {Image: "registry.acme.io/team/api:9"}}}
	w.refused(deploy)

	// With the exceptions uncommented, the deploy passes.
	allow(w)
	deploy.Set = map[string]string{"WORKERS": "8"}
	w.do(deploy)
	w.shows("x", map[string][]string{
		"Deployment/api": {`"image":"registry.acme.io/team/api:9"`, `{"name":"WORKERS","value":"8"}`, `"configMapRef":{"name":"app-config`},
		"Deployment/ui":  {`"image":"registry.acme.io/team/ui:3"`},
		"Ingress/all":    {`"host":"x.staging.acme.io"`, `"host":"api-x.staging.acme.io"`},
	})
}

func TestWildcardHostsBecomeHostsOfTheStaging(t *testing.T) {
	w, result := adopted(t, "wildcard.txtar", nil)
	for _, f := range result.Findings {
		if f.Rule == "host" {
			t.Errorf("refused: %s", f)
		}
	}
	allow(w)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/web:2"}}})
	w.shows("x", map[string][]string{
		"Ingress/web": {`"hosts":["x.staging.acme.io"]`, `"host":"x.staging.acme.io"`, "!*"},
		"Ingress/api": {`"hosts":["x.staging.acme.io"]`, `"host":"x.staging.acme.io"`, "!*"},
	})
}

// The hash in the name of a generated object changes with its content. The exception
// still covers the object.
func TestAnExceptionOutlivesAChangeOfTheContent(t *testing.T) {
	w, result := adopted(t, "wildcard.txtar", nil)
	if len(result.Findings) != 1 || result.Findings[0].Rule != "plain-secret" {
		t.Fatalf("findings %v, want one plain-secret", result.Findings)
	}
	if text := string(w.read(project.File)); !strings.Contains(text, "{rule: plain-secret, kind: ConfigMap, name: web-files, reason: say why}") {
		t.Errorf("no stable exception in\n%s", text)
	}
	allow(w)
	file := "templates/guestbook/base/kustomization.yaml"
	w.write(staging.File{Path: file, Data: []byte(strings.Replace(string(w.read(file)), "xyz123", "abc456", 1))})
	w.do(staging.Action{Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/web:2"}}})
}

// init copies no file with a credential into the env repo.
func TestInitRefusesABaseWithACredential(t *testing.T) {
	w := empty(t)
	files := base(t, "plain.txtar").(fstest.MapFS)
	files["leak.yaml"] = &fstest.MapFile{Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: leak}\ndata: {hook: https://hooks.slack" + ".com/triggers/T0001/1/abc}\n")}
	_, err := w.Init(t.Context(), setup.InitRequest{
		Name: "guestbook", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "staging.acme.io", Template: files, By: ada,
	})
	if err == nil || !strings.Contains(err.Error(), "templates/guestbook/base/leak.yaml:4: data: contains a Slack webhook address") {
		t.Errorf("%v", err)
	}
}

// The fields that init suggests in comments are valid when uncommented.
func TestTheSuggestionsOfInitAreValid(t *testing.T) {
	for _, file := range []string{"kustomize.txtar", "plain.txtar"} {
		w, _ := adopted(t, file, nil)
		text := string(w.read(project.File))
		for _, section := range []string{"naming", "lifecycle", "quota", "links"} {
			if !strings.Contains(text, "  # "+section+":\n") {
				t.Errorf("%s: no suggestion for %s", file, section)
			}
		}
		_, suggested, _ := strings.Cut(text, "  # Fields that teams add next")
		suggested, _, _ = strings.Cut(suggested, "  # These objects fail the checks")
		p, err := project.Parse([]byte(strings.Replace(text, suggested, strings.ReplaceAll(suggested, "\n  # ", "\n  "), 1)))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if p.Spec.Lifecycle.MaxActive != 20 || len(p.Spec.Quota) != 3 || len(p.Spec.Links) != 1 || len(p.Spec.Naming.StripPrefixes) != 2 {
			t.Errorf("%s: uncommented: %+v", file, p.Spec)
		}
	}
}

// allow uncomments the exceptions that init wrote.
func allow(w *fixture) {
	text := strings.NewReplacer("  # checks:", "  checks:", "  #   allow", "    allow", "  #     -", "      -").Replace(string(w.read(project.File)))
	w.write(staging.File{Path: project.File, Data: []byte(text)})
}

func TestAJsonnetFileOfOnesOwnDeploysAtOnce(t *testing.T) {
	w, result := adopted(t, "jsonnet.txtar", func(r *setup.InitRequest) {
		r.Engine, r.TemplateFile = project.EngineJsonnet, "app.jsonnet"
	})
	if len(result.Findings) > 0 {
		t.Errorf("findings of the checks: %v", result.Findings)
	}
	w.do(staging.Action{
		Verb: staging.Deploy, Branch: "x", Set: map[string]string{"GREETING": "Moin", "web.replicas": "2"}, Absent: []string{"COLOUR"},
		Images: map[string]staging.Build{"web": {Image: "ghcr.io/acme/web:abc"}},
	})
	w.shows("x", map[string][]string{
		"Deployment/web": {`"image":"ghcr.io/acme/web:abc"`, `"value":"Moin"`, `"replicas":2`, "!COLOUR"},
		"Ingress/web":    {`"host":"x.staging.acme.io"`},
	})

	// A setting that the file does not read arrives too.
	w.write(staging.File{Path: project.File, Data: withLine(w, "  parameters:", "    NEW_FLAG: {default: \"off\"}")})
	w.do(staging.Action{Verb: staging.Set, Name: "x", Set: map[string]string{"NEW_FLAG": "on"}})
	w.shows("x", map[string][]string{"Deployment/web": {`{"name":"NEW_FLAG","value":"on"}`}})
}

// Two services may each have a PORT. A variable of one service is not set in the other.
func TestVariablesOfAJsonnetFileStayWithTheirParts(t *testing.T) {
	for file, also := range map[string]string{"parts.txtar": "", "parts-config.txtar": "TONE"} {
		w, result := adopted(t, file, func(r *setup.InitRequest) {
			r.Engine, r.TemplateFile = project.EngineJsonnet, "app.jsonnet"
		})
		want := strings.Fields("API_KEY_FILE COLOUR PORT " + also + " api-proxy.PORT api.replicas web.PORT web.replicas")
		if diff := cmp.Diff(want, result.Project.ParameterNames()); diff != "" {
			t.Errorf("%s: parameters (-want +got):\n%s", file, diff)
		}
		w.do(staging.Action{Verb: staging.Deploy, Branch: "x"})
		w.shows("x", map[string][]string{
			"Deployment/api": {`{"name":"PORT","value":"8080"}`, `{"name":"PORT","value":"9000"}`, "API_KEY_FILE", "!web.PORT", "!COLOUR"},
			"Deployment/web": {`{"name":"PORT","value":"80"}`, `{"name":"COLOUR","value":"blue"}`, "!8080", "!web.PORT", "!API_KEY_FILE"},
			"ConfigMap/app":  {"!PORT", "!COLOUR"},
		})
		w.do(staging.Action{Verb: staging.Set, Name: "x", Set: map[string]string{"web.PORT": "81"}, Absent: []string{"PORT"}})
		w.shows("x", map[string][]string{
			"Deployment/api": {`!"8080"`, `{"name":"PORT","value":"9000"}`},
			"Deployment/web": {`{"name":"PORT","value":"81"}`},
		})
	}
}

// A base that is edited after its adoption: its values reach every staging that does not
// set them, and settings and hosts follow their names when lists change.
func TestEditsOfAnAdoptedBaseReachTheStagings(t *testing.T) {
	w, _ := adopted(t, "lists.txtar", nil)
	w.do(staging.Action{Verb: staging.Deploy, Branch: "x", Set: map[string]string{"DB_HOST": "mine"}})
	edit := func(old, new string) { w.replace("templates/guestbook/base/all.yaml", old, new) }
	edit("env:\n", "env:\n            - {name: PAYMENT_URL, value: sandbox}\n")
	edit("value: info", "value: warn")
	edit("MODE: a", "MODE: b")
	edit("containers:\n", "containers:\n        - {name: proxy, image: proxy:1}\n")
	edit("rules:\n", "rules:\n    - host: new.acme.io\n      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}\n")
	w.shows("x", map[string][]string{
		"Deployment/web": {`{"name":"PAYMENT_URL","value":"sandbox"}`, `{"name":"DB_HOST","value":"mine"}`, `{"name":"LOG_LEVEL","value":"warn"}`},
		"ConfigMap/web":  {`"MODE":"b"`},
		"Ingress/all": {
			`{"host":"x.staging.acme.io","http":{"paths":[{"backend":{"service":{"name":"web"`,
			`{"host":"api-x.staging.acme.io","http":{"paths":[{"backend":{"service":{"name":"api"`,
		},
	})
}

// Without a ConfigMap, the containers get one; an envFrom that the base gets later stays.
func TestAnAddedEnvFromStays(t *testing.T) {
	w, _ := adopted(t, "plain.txtar", nil)
	allow(w)
	w.replace("templates/guestbook/base/all.yaml", "image:", "envFrom: [{configMapRef: {name: late}}]\n          image:")
	w.do(staging.Action{Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{"api": {Image: "registry.acme.io/team/api:9"}}})
	w.shows("x", map[string][]string{"Deployment/api": {`"configMapRef":{"name":"late"}`, `"configMapRef":{"name":"app-config`, `"prefix":""`}})
}

// Each way to a host gets the host of the staging.
func TestEveryWayToAHostIsAdopted(t *testing.T) {
	for engine, change := range bothEngines(t) {
		t.Run(string(engine), func(t *testing.T) {
			w, result := adopted(t, "hosts.txtar", change)
			for _, f := range result.Findings {
				t.Error(f)
			}
			w.do(staging.Action{Verb: staging.Deploy, Branch: "x"})
			objects, err := w.Manifests(t.Context(), "x", "")
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				text := strings.ReplaceAll(string(o.JSON), "web.shop.svc", "")
				if strings.Contains(text, "acme.example") {
					t.Errorf("%s still has a host of the base: %s", o, text)
				}
				if len(staging.HostsOf(o)) > 0 && !strings.Contains(text, "x.staging.acme.io") {
					t.Errorf("%s has no host of the staging: %s", o, text)
				}
			}
		})
	}
}

// Every image of the team is a service, wherever it runs; an official image is not.
func TestEveryOwnImageBecomesAService(t *testing.T) {
	w, result := adopted(t, "images.txtar", nil)
	services := map[string]string{}
	for name, s := range result.Project.Spec.Services {
		services[name] = s.Image
	}
	want := map[string]string{
		"shop": "shop:latest", "shop-migrate": "registry.example.com/acme/migrate:1", "cart": "cart:latest", "mail": "acme/mail:latest",
	}
	if diff := cmp.Diff(want, services); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	w.do(staging.Action{Verb: staging.Deploy, Branch: "x", Set: map[string]string{"STEPS": "one"}, Images: map[string]staging.Build{
		"shop": {Image: "shop:2"}, "shop-migrate": {Image: "registry.example.com/acme/migrate:2"}, "cart": {Image: "cart:2"}, "mail": {Image: "acme/mail:2"},
	}})
	w.shows("x", map[string][]string{
		"Rollout/shop":               {`"image":"shop:2"`, `"image":"registry.example.com/acme/migrate:2"`, `{"name":"STEPS","value":"one"}`, `"image":"busybox"`},
		"CloneSet/cart":              {`"image":"cart:2"`},
		"ReplicationController/mail": {`"image":"acme/mail:2"`},
		"Deployment/cache":           {`"image":"redis:7"`},
	})
	w.do(staging.Action{Verb: staging.Restart, Name: "x"})
	w.shows("x", map[string][]string{"Rollout/shop": {`"octopod.dev/restarts":"1"`}, "CloneSet/cart": {`"octopod.dev/restarts":"1"`}})
}

func TestABaseWithoutAWorkloadIsRefusedInWords(t *testing.T) {
	w := empty(t)
	_, err := w.Init(t.Context(), setup.InitRequest{
		Name: "guestbook", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "staging.acme.io", By: ada,
		Template: fstest.MapFS{"a.yaml": {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")}},
	})
	if err == nil || !strings.Contains(err.Error(), "no workload with an image") || strings.Contains(err.Error(), "octopod.yaml:") {
		t.Errorf("got %v", err)
	}
}

// Bases that came out wrong: each is adopted, or refused with what to do.
func TestBasesOfAllMakes(t *testing.T) {
	const web = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: prod}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "ghcr.io/acme/web:1", envFrom: [{configMapRef: {name: settings}}], env: [{name: DB, value: "postgres://db.prod.svc:5432"}, {name: CACHE, value: "cache.prod:6379"}], resources: {requests: {cpu: 10m, memory: 16Mi}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: prod}, data: {A: "1"}}
---
{apiVersion: v1, kind: Service, metadata: {name: cache, namespace: prod}, spec: {selector: {app: cache}, ports: [{port: 6379}]}}
`
	for name, tt := range map[string]struct {
		files fstest.MapFS
		want  string // in a note or the error
	}{
		"an explicit namespace":     {fstest.MapFS{"web.yaml": {Data: []byte(web)}}, "Deployment/web contains the address cache.prod,"},
		"an address in a namespace": {fstest.MapFS{"web.yaml": {Data: []byte(web)}}, "Deployment/web contains the address db.prod.svc,"},
		"a namespace and a prefix": {fstest.MapFS{
			"web.yaml": {Data: []byte(web)}, "kustomization.yaml": {Data: []byte("namespace: prod\nnamePrefix: acme-\nresources: [web.yaml]\n")},
		}, "settings from ConfigMap acme-settings: A"},
		"a chart in a directory below": {fstest.MapFS{
			"web.yaml": {Data: []byte(web)}, "chart/Chart.yaml": {Data: []byte("name: x\n")}, "chart/templates/a.yaml": {Data: []byte("a: {{ .Values.a }}\n")},
		}, "chart is a Helm chart"},
		"a directory of transformers": {fstest.MapFS{
			"web.yaml": {Data: []byte(web)}, "kustomization.yaml": {Data: []byte("resources: [web.yaml]\ntransformers: [t]\n")},
			"t/kustomization.yaml": {Data: []byte("resources: [p.yaml]\n")},
			"t/p.yaml":             {Data: []byte("apiVersion: builtin\nkind: LabelTransformer\nmetadata: {name: p}\nlabels: {team: a}\nfieldSpecs: [{path: metadata/labels, create: true}]\n")},
		}, "service web"},
		"a Secret that a replacement reads": {fstest.MapFS{
			"web.yaml": {Data: []byte(web)}, "db.env": {Data: []byte("PASSWORD=x\n")},
			"kustomization.yaml": {Data: []byte("resources: [web.yaml]\nsecretGenerator: [{name: db, envs: [db.env]}]\nreplacements: [{source: {kind: Secret, name: db, fieldPath: metadata.name}, targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.db], options: {create: true}}]}]\n")},
		}, "builds only with Secret db"},
	} {
		t.Run(name, func(t *testing.T) {
			w := empty(t)
			result, err := w.Init(t.Context(), setup.InitRequest{
				Name: "guestbook", Engine: project.EngineKustomize, Output: project.OutputSource, BaseDomain: "staging.acme.io", By: ada,
				Template: tt.files, TemplatePath: "base",
			})
			if said := fmt.Sprint(result.Notes, err); !strings.Contains(said, tt.want) {
				t.Errorf("got %s, want %s", said, tt.want)
			}
			if err == nil {
				w.do(staging.Action{Verb: staging.Deploy, Branch: "x", Images: map[string]staging.Build{result.Project.ServiceNames()[0]: {Image: "ghcr.io/acme/web:2"}}})
			}
		})
	}
}

// An archived staging runs nothing, also of the kinds of other makers.
func TestCustomKindsSleepInTheArchive(t *testing.T) {
	for engine, change := range bothEngines(t) {
		t.Run(string(engine), func(t *testing.T) {
			w, result := adopted(t, "sleepers.txtar", change)
			if said := strings.Join(result.Notes, "\n"); !strings.Contains(said, "stops the kind: Kafka/events\n") {
				t.Errorf("the notes do not name the unknown kind alone:\n%s", said)
			}
			w.do(staging.Action{Verb: staging.Deploy, Branch: "x"})
			w.do(staging.Action{Verb: staging.Archive, Name: "x"})
			w.shows("x", map[string][]string{
				"Rollout/shop":     {`"replicas":0`},
				"ScaledObject/web": {`"autoscaling.keda.sh/paused-replicas":"0"`},
				"Cluster/db":       {`"cnpg.io/hibernation":"on"`, `"keep":"this"`},
			})
		})
	}
}

// bothEngines returns the changes of a request that adopt all.yaml of a base with each
// engine.
func bothEngines(t *testing.T) map[project.Engine]func(*setup.InitRequest) {
	return map[project.Engine]func(*setup.InitRequest){
		project.EngineKustomize: nil,
		project.EngineJsonnet: func(r *setup.InitRequest) {
			r.Engine, r.TemplatePath, r.TemplateFile = project.EngineJsonnet, "main.jsonnet", "main.jsonnet"
			data, err := fs.ReadFile(r.Template, "all.yaml")
			if err != nil {
				t.Fatal(err)
			}
			r.Template = fstest.MapFS{"main.jsonnet": {Data: []byte("std.parseYaml(importstr 'all.yaml')")}, "all.yaml": {Data: data}}
		},
	}
}
