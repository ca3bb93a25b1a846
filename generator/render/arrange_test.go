package render_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"octopod/generator/render"
	"octopod/generator/staging"
)

const migrateJob = `apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: shop/backend, envFrom: [{configMapRef: {name: app-config}}]}]
`

// arranged renders a staging from its arranged files, and returns its kustomization, too.
func arranged(t *testing.T, tree map[string]*mapFile, params staging.Params) ([]staging.Object, string) {
	t.Helper()
	r, p := newRenderer(t, render.Options{}), kustomizeProject()
	plain, err := render.Source(p, params)
	if err != nil {
		t.Fatal(err)
	}
	files, err := r.Arrange(context.Background(), fixedHashes{tree}, p, params, plain)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := r.Render(context.Background(), fixedHashes{tree}, p, params.Name, files)
	if err != nil {
		t.Fatal(err)
	}
	return objects, string(files[0].Data)
}

func only(t *testing.T, objects []staging.Object, kind string) staging.Object {
	t.Helper()
	var found []staging.Object
	for _, o := range objects {
		if o.Kind == kind {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("want one %s, got %v in %v", kind, found, objects)
	}
	return found[0]
}

func jobTree(more ...string) map[string]*mapFile {
	return baseTree("resources: [a.yaml, job.yaml]\nconfigMapGenerator:\n- name: app-config\n  literals: [DEFAULT=1]\n",
		append([]string{"templates/base/job.yaml", migrateJob}, more...)...)
}

// The pods of a Job cannot change: a Job with another image or setting is another Job, and
// the same Job keeps its name, so that it does not run again.
func TestJobsAreNamedByContent(t *testing.T) {
	names := map[string]string{}
	for what, edit := range map[string]func(*staging.Params){
		"plain":    func(*staging.Params) {},
		"the same": func(p *staging.Params) { p.Kustomize.Replicas = nil },
		"a quota":  func(p *staging.Params) { p.Quota = map[string]string{"pods": "3"} },
		"an image": func(p *staging.Params) {
			p.Kustomize.Images = []staging.Image{{Name: "shop/backend", Reference: "r/b:2"}}
		},
		"a setting":  func(p *staging.Params) { p.App = map[string]string{"DEFAULT": "2"} },
		"no setting": func(p *staging.Params) { p.Absent = []string{"DEFAULT"} },
		"a patch": func(p *staging.Params) {
			p.Kustomize.Patches = []staging.Patch{{Kind: "Job", Name: "migrate", Op: "add", Pointer: "/spec/backoffLimit", Value: 1}}
		},
	} {
		params := smallParams()
		edit(&params)
		objects, _ := arranged(t, jobTree(), params)
		names[what] = only(t, objects, "Job").Name
	}
	plain := names["plain"]
	if !regexp.MustCompile(`^migrate-[0-9a-f]{10}$`).MatchString(plain) || staging.StableName("Job", plain) != "migrate" {
		t.Errorf("the name is %s", plain)
	}
	seen := map[string]string{plain: "plain"}
	for _, what := range []string{"the same", "a quota"} {
		if names[what] != plain {
			t.Errorf("%s: want %s, got %s", what, plain, names[what])
		}
	}
	for _, what := range []string{"an image", "a setting", "no setting", "a patch"} {
		if other := seen[names[what]]; other != "" {
			t.Errorf("%s: has the name of %s, %s", what, other, names[what])
		}
		seen[names[what]] = what
	}
}

// A ConfigMap without a hash in its name counts by its content, but not the facts of the
// staging, which change with every deploy of another service.
func TestJobsFollowPlainConfigMaps(t *testing.T) {
	tree := func(value string) map[string]*mapFile {
		return baseTree("resources: [a.yaml, job.yaml]", "templates/base/job.yaml",
			strings.Replace(migrateJob, "envFrom: [{configMapRef: {name: app-config}}]",
				"env: [{name: A, valueFrom: {configMapKeyRef: {name: a, key: a}}}, {name: B, valueFrom: {configMapKeyRef: {name: octopod, key: branch}}}]", 1),
			"templates/base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: "+value+"}\n")
	}
	name := func(value, branch string) string {
		params := smallParams()
		params.Branch = branch
		objects, _ := arranged(t, tree(value), params)
		return only(t, objects, "Job").Name
	}
	if a, b := name("b", "x"), name("c", "x"); a == b {
		t.Error("the Job does not change with the ConfigMap that it reads")
	}
	if a, b := name("b", "x"), name("b", "y"); a != b {
		t.Error("the Job runs again because the facts changed")
	}
}

// Argo CD runs a hook again itself; a Job removed by its lifetime would run again and
// again; a long name leaves room for the hash.
func TestOtherJobs(t *testing.T) {
	hook := strings.Replace(migrateJob, "{name: migrate}", "{name: migrate, annotations: {argocd.argoproj.io/hook: PreSync}}", 1)
	objects, files := arranged(t, jobTree("templates/base/job.yaml", hook), smallParams())
	if got := only(t, objects, "Job").Name; got != "migrate" || strings.Contains(files, "Job") {
		t.Errorf("the hook is %s", got)
	}
	lifetime := strings.Replace(migrateJob, "spec:\n", "spec:\n  ttlSecondsAfterFinished: 60\n", 1)
	objects, files = arranged(t, jobTree("templates/base/job.yaml", lifetime), smallParams())
	if got := string(only(t, objects, "Job").JSON); strings.Contains(got, "ttlSecondsAfterFinished") {
		t.Errorf("the Job keeps its lifetime: %s", got)
	}
	for _, gone := range []string{migrateJob, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"} { // the template changes, the files do not
		tree := jobTree("templates/base/job.yaml", gone)
		tree["envs/x/kustomization.yaml"], tree["envs/x/staging-objects.yaml"] = file(files), file("{apiVersion: v1, kind: ConfigMap, metadata: {name: octopod}}")
		if _, err := newRenderer(t, render.Options{}).Render(context.Background(), fixedHashes{tree}, kustomizeProject(), "x", nil); err != nil {
			t.Errorf("the files do not fit another template: %v", err)
		}
	}
	long := strings.Repeat("a-very-long-name", 4)[:63]
	objects, _ = arranged(t, jobTree("templates/base/job.yaml", strings.Replace(migrateJob, "{name: migrate}", "{name: "+long+"}", 1)), smallParams())
	if got := only(t, objects, "Job").Name; len(got) != 63 {
		t.Errorf("the name has %d characters: %s", len(got), got)
	}
}

const octopodTest = `
local octopod = import 'octopod.libsonnet';
local bring = (import 'bring.libsonnet').bring;
local container(name) = { name: name, image: name, envFrom: [{ configMapRef: { name: 'plain' } }] };
local job = {
  apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate', annotations: { 'argocd.argoproj.io/sync-wave': '-1' } },
  spec: { ttlSecondsAfterFinished: 3, template: { spec: { containers: [container('migrate')] } } },
};
local web = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' },
  spec: { replicas: 3, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [container('web')] } } },
};
local scaler = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } } };
local plain = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'plain' }, data: { LOG_LEVEL: 'info' } };
local hook = job { metadata: { name: 'hook', annotations: { 'argocd.argoproj.io/hook': 'PostSync' } } };
local large = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'large' }, data: { a: std.repeat('x', 300000) } };
function(params) octopod.staging(params,
  bring(params, [job, web, scaler, plain, hook, large], { images: {}, hosts: {}, configMap: 'plain' }) + [octopod.configMap('generated', { a: 'b' })])
`

// octopod.libsonnet does for a jsonnet template what Arrange does for kustomize.
func TestJsonnetIsArranged(t *testing.T) {
	text := func(edit func(*staging.Params)) string {
		tree := shopTree(t)
		tree["jsonnet/shop.libsonnet"] = file(octopodTest)
		p, params := jsonnetProject(), smallParams()
		params.Quota = map[string]string{"requests.cpu": "1", "limits.memory": "3Gi"}
		p.Spec.Jsonnet.File, p.Spec.Jsonnet.Libraries = "jsonnet/shop.libsonnet", []string{"jsonnet"}
		edit(&params)
		files, err := render.Source(p, params)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := newRenderer(t, render.Options{}).Render(context.Background(), fixedHashes{tree}, p, "x", files)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(string(manifests(t, objects)), strings.Repeat("x", 300000), "…", 1)
	}
	plain := text(func(*staging.Params) {})
	changed := text(func(p *staging.Params) { p.App = map[string]string{"LOG_LEVEL": "debug"} })
	job, label := regexp.MustCompile(`name: migrate-[0-9a-f]{10}\n`), regexp.MustCompile(`octopod.dev/settings: \S+\n`)
	for _, what := range []*regexp.Regexp{job, label} {
		if a, b := what.FindString(plain), what.FindString(changed); a == "" || a == b {
			t.Errorf("%s: %q in\n%s, %q with another setting", what, a, plain, b)
		}
	}
	for part, count := range map[string]int{
		"ttlSecondsAfterFinished": 1, // of the hook
		"name: hook\n":            1, "replicas": 0, "ServerSideApply=true": 1, "sync-wave: \"-2\"": 5,
		"defaultRequest:\n      cpu: 50m\n": 1, "default:\n      memory: 512Mi\n": 1,
	} {
		if got := strings.Count(plain, part); got != count {
			t.Errorf("%q: want %d, got %d in\n%s", part, count, got, plain)
		}
	}
	asleep := text(func(p *staging.Params) {
		p.State, p.Asleep = staging.Archived, []staging.ArchiveFix{{Kind: "Job", Pointer: "/spec/suspend", Value: true}}
	})
	if strings.Contains(asleep, "kind: Job") || !strings.Contains(asleep, "replicas: 3") {
		t.Errorf("archived:\n%s", asleep)
	}
}

// No Job is left in an archived staging: Argo CD would wait for a suspended one forever,
// and count a resumed one as complete while it runs.
func TestNoJobIsArchived(t *testing.T) {
	for _, engine := range engines {
		p, tree := shop(t, engine), shopTree(t)
		base := tree["templates/shop/kustomization.yaml"]
		base.Data = []byte(strings.Replace(string(base.Data), "- ingress.yaml", "- ingress.yaml\n- job.yaml", 1))
		tree["templates/shop/job.yaml"] = file(migrateJob)
		shopJsonnet := tree["jsonnet/shop.libsonnet"]
		shopJsonnet.Data = []byte(strings.Replace(string(shopJsonnet.Data), "    backend,\n",
			"    backend,\n    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate' }, spec: { template: { spec: { restartPolicy: 'Never', containers: [] } } } },\n", 1))
		count := func(s staging.Staging) int {
			r := newRenderer(t, render.Options{})
			params, err := p.Params(s)
			if err != nil {
				t.Fatal(err)
			}
			files, err := r.Arrange(context.Background(), fixedHashes{tree}, p, params, source(t, p, s))
			if err != nil {
				t.Fatal(err)
			}
			objects, err := r.Render(context.Background(), fixedHashes{tree}, p, s.Name, files)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Count(fmt.Sprint(objects), " Job/")
		}
		if active, archived := count(shopStagings()[0]), count(shopStagings()[1]); active != 1 || archived != 0 {
			t.Errorf("%s: %d Jobs while active, %d while archived", engine, active, archived)
		}
	}
}

// What Octopod writes comes before the first object of the template: a Job of an early
// wave may need it, and Argo CD waits for each wave.
func TestOctopodComesBeforeTheTemplate(t *testing.T) {
	waves := func(objects []staging.Object) map[string]string {
		found := map[string]string{}
		for _, o := range objects {
			var m struct {
				Metadata struct{ Annotations map[string]string }
			}
			if err := json.Unmarshal(o.JSON, &m); err != nil {
				t.Fatal(err)
			}
			found[o.Kind+"/"+staging.StableName(o.Kind, o.Name)] = m.Metadata.Annotations["argocd.argoproj.io/sync-wave"]
		}
		return found
	}
	for wave, want := range map[string]string{"-1": "-2", "-20": "-21", "0": "", "3": "", "x": ""} {
		job := strings.Replace(migrateJob, "{name: migrate}", `{name: migrate, annotations: {argocd.argoproj.io/sync-wave: "`+wave+`"}}`, 1)
		params := smallParams()
		params.Quota = map[string]string{"pods": "3"}
		objects, _ := arranged(t, jobTree("templates/base/job.yaml", job), params)
		got := waves(objects)
		for _, name := range []string{"Namespace/p-x", "ResourceQuota/octopod", "ConfigMap/octopod", "ConfigMap/app-config"} {
			if got[name] != want {
				t.Errorf("wave %s: %s is in wave %q, want %q", wave, name, got[name], want)
			}
		}
		if got["ConfigMap/a"] != "" || got["Job/migrate"] != wave {
			t.Errorf("wave %s: the template was moved: %v", wave, got)
		}
	}
}

const webOfSettings = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: shop/web, envFrom: [{configMapRef: {name: app-config}}]}]}
`

// A custom kind whose pods have no labels, so that no patch can add one.
const unlabelled = `apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: web}
spec: {template: {spec: {containers: [{name: web, image: shop/web, envFrom: [{configMapRef: {name: app-config}}]}]}}}
`

// A ConfigMap without a hash in its name changes unnoticed: pods that read it get a label
// with its hash, so that a setting restarts them.
func TestPodsNoticePlainSettings(t *testing.T) {
	pods := func(base, value string) string {
		params := smallParams()
		params.App = map[string]string{"LOG_LEVEL": value}
		objects, _ := arranged(t, baseTree(base, "templates/base/web.yaml", webOfSettings+"---\n"+unlabelled, "templates/base/settings.yaml",
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: app-config}\ndata: {LOG_LEVEL: info}\n"), params)
		var d struct{ Spec struct{ Template any } }
		if err := json.Unmarshal(only(t, objects, "Deployment").JSON, &d); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(d.Spec.Template)
	}
	plain, generated := "resources: [a.yaml, web.yaml, settings.yaml]", "resources: [a.yaml, web.yaml]\nconfigMapGenerator:\n- name: app-config\n  literals: [A=b]\n"
	if pods(plain, "info") == pods(plain, "debug") {
		t.Error("the pods do not change with the setting")
	}
	if got := pods(generated, "info"); strings.Contains(got, "octopod.dev/settings") {
		t.Errorf("the hash in the name is enough: %s", got)
	}
}

// An autoscaler owns the number of replicas, unless a parameter sets it.
func TestAutoscaledReplicas(t *testing.T) {
	scaler := "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\nspec: {maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}\n"
	tree := baseTree(withConfig+"- name: other\n", "templates/base/kustomization.yaml", "resources: [web.yaml, hpa.yaml]\nconfigMapGenerator: [{name: app-config}]\n",
		"templates/base/web.yaml", webOfSettings, "templates/base/hpa.yaml", scaler)
	for want, edit := range map[string]func(*staging.Params){
		"":             func(*staging.Params) {},
		`"replicas":2`: func(p *staging.Params) { p.Kustomize.Replicas = []staging.Replicas{{Workload: "web", Count: 2}} },
		`"replicas":0,"s`: func(p *staging.Params) {
			p.State, p.Asleep = staging.Archived, []staging.ArchiveFix{{Kind: "Deployment", Pointer: "/spec/replicas", Value: 0}, {Kind: "HorizontalPodAutoscaler"}}
		},
	} {
		params := smallParams()
		edit(&params)
		objects, _ := arranged(t, tree, params)
		got := string(only(t, objects, "Deployment").JSON)
		if want == "" && strings.Contains(got, "replicas") || !strings.Contains(got, want) {
			t.Errorf("want %q in %s", want, got)
		}
	}
}

// A quota that counts requests refuses every pod without them: a LimitRange has defaults,
// never below a request.
func TestLimitRangeForAQuota(t *testing.T) {
	const pod = `{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, resources: %s}]}}`
	for _, tt := range []struct{ quota, resources, want string }{
		{"requests.cpu", `{}`, `{"limits":[{"defaultRequest":{"cpu":"50m"},"type":"Container"}]}`},
		{"memory", `{requests: {cpu: 1}}`, `{"limits":[{"defaultRequest":{"memory":"128Mi"},"type":"Container"}]}`},
		{"limits.memory", `{requests: {memory: 2Gi}}`, `{"limits":[{"default":{"memory":"2Gi"},"type":"Container"}]}`},
		{"limits.cpu", `{requests: {cpu: 500m}}`, `{"limits":[{"default":{"cpu":"1"},"type":"Container"}]}`},
		{"requests.cpu", `{limits: {cpu: 1}}`, ""},
		{"pods", `{}`, ""},
	} {
		params := smallParams()
		params.Quota = map[string]string{tt.quota: "8"}
		objects, _ := arranged(t, baseTree("resources: [a.yaml]", "templates/base/a.yaml", fmt.Sprintf(pod, tt.resources)), params)
		got := ""
		for _, o := range objects {
			if o.Kind == "LimitRange" {
				_, got, _ = strings.Cut(string(o.JSON), `"spec":`)
				got = strings.TrimSuffix(got, "}")
			}
		}
		if got != tt.want {
			t.Errorf("%s, %s: want %s, got %s", tt.quota, tt.resources, tt.want, got)
		}
	}
}

// A client-side apply keeps a copy of the object in an annotation, which is too small for
// a large one.
func TestLargeObjectsAreAppliedByTheServer(t *testing.T) {
	for options, want := range map[string]string{"": "ServerSideApply=true", "Prune=false": "Prune=false,ServerSideApply=true"} {
		large := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large, annotations: {argocd.argoproj.io/sync-options: " + options + "}}\ndata: {a: " + strings.Repeat("x", 300_000) + "}\n"
		if options == "" {
			large = strings.Replace(large, ", annotations: {argocd.argoproj.io/sync-options: }", "", 1)
		}
		objects, files := arranged(t, baseTree("resources: [a.yaml, b.yaml]", "templates/base/b.yaml", large), smallParams())
		if strings.Count(files, "ServerSideApply") != 1 {
			t.Errorf("want one annotation in %s", files)
		}
		for _, o := range objects {
			if is := strings.Contains(string(o.JSON), `"argocd.argoproj.io/sync-options":"`+want+`"`); is != (o.Name == "large") {
				t.Errorf("%s: server-side is %v", o, is)
			}
		}
	}
}
