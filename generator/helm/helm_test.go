package helm_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"octopod/generator/helm"
	"octopod/generator/staging"
)

// mapFiles are the files of an env repo by path.
type mapFiles map[string]string

func (m mapFiles) List(dir string) ([]string, error) {
	found := map[string]bool{}
	for name := range m {
		if below, ok := strings.CutPrefix(name, dir+"/"); ok {
			child, _, isDir := strings.Cut(below, "/")
			if isDir {
				child += "/"
			}
			found[child] = true
		}
	}
	if len(found) == 0 {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrNotExist}
	}
	var names []string
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

func (m mapFiles) Read(file string) ([]byte, error) {
	data, ok := m[file]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: file, Err: fs.ErrNotExist}
	}
	return []byte(data), nil
}

// chartFiles returns the files of a txtar archive as a chart in charts/shop.
func chartFiles(t testing.TB, archive *txtar.Archive) mapFiles {
	t.Helper()
	files := mapFiles{}
	for _, f := range archive.Files {
		files[path.Join("charts/shop", f.Name)] = string(f.Data)
	}
	return files
}

func shop(t testing.TB) (mapFiles, staging.Chart) {
	t.Helper()
	archive, err := txtar.ParseFile("testdata/shop.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return chartFiles(t, archive), plainChart()
}

func plainChart() staging.Chart {
	return staging.Chart{Path: "charts/shop", Field: "spec.helm.charts[0]", Release: "shop", Namespace: "shop-login", KubeVersion: "1.31"}
}

// small returns a chart of one template.
func small(template string) mapFiles {
	return mapFiles{
		"charts/shop/Chart.yaml":            "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
		"charts/shop/values.yaml":           "name: web\npassword: \"\"\nauth: {password: \"\", existingSecret: \"\"}\nnames: {a: 1, b: 2, c: 3}\n",
		"charts/shop/templates/object.yaml": template,
	}
}

// objects renders a chart and returns its objects by Kind/name, as JSON.
func objects(t *testing.T, c staging.Chart, files mapFiles) (map[string]string, []string) {
	t.Helper()
	rendered, err := helm.Render(c, files)
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	found := map[string]string{}
	for _, o := range rendered.Objects {
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		meta := o["metadata"].(map[string]any)
		found[fmt.Sprint(o["kind"], "/", meta["name"])] = string(text)
	}
	return found, rendered.Notes
}

func TestRenderArrangesTheObjectsOfAChart(t *testing.T) {
	files, c := shop(t)
	c.Values = map[string]any{"replicas": 2, "data": map[string]any{"size": "2Gi"}}
	got, notes := objects(t, c, files)
	want := map[string]string{
		"ConfigMap/db":        `{"apiVersion":"v1","data":{"size":"2Gi"},"kind":"ConfigMap","metadata":{"labels":{"team":"shop"},"name":"data"}}`,
		"ConfigMap/migration": `{"apiVersion":"v1","data":{"mode":"online"},"kind":"ConfigMap","metadata":{"annotations":{"argocd.argoproj.io/sync-wave":"-2"},"name":"migration"}}`,
		"Deployment/shop-web": `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"shop-web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web","team":"shop"}},"spec":{"containers":[{"env":[{"name":"LOG_LEVEL","value":"info"}],"image":"shop/web:2.1.0","name":"web"}]}}}}`,
		"Ingress/web":         `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web"},"spec":{"rules":[{"host":"shop.example.com","http":{"paths":[{"backend":{"service":{"name":"web","port":{"number":80}}},"path":"/","pathType":"Prefix"}]}},{"host":"www.example.com","http":{"paths":[{"backend":{"service":{"name":"web","port":{"number":80}}},"path":"/www","pathType":"Prefix"}]}}]}}`,
		"Job/migrate":         `{"apiVersion":"batch/v1","kind":"Job","metadata":{"annotations":{"argocd.argoproj.io/sync-wave":"-1"},"name":"migrate"},"spec":{"template":{"spec":{"containers":[{"envFrom":[{"configMapRef":{"name":"migration"}}],"image":"shop/web:2.1.0","name":"migrate"}],"restartPolicy":"Never"}}}}`,
		"Job/seed":            `{"apiVersion":"batch/v1","kind":"Job","metadata":{"annotations":{"argocd.argoproj.io/sync-wave":"1"},"name":"seed"},"spec":{"template":{"spec":{"containers":[{"image":"shop/web:2.1.0","name":"seed"}],"restartPolicy":"Never"}}}}`,
	}
	want["ConfigMap/data"] = want["ConfigMap/db"] // the alias is the name of the subchart
	delete(want, "ConfigMap/db")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	wantNotes := []string{
		"the chart has CustomResourceDefinitions, which belong to the cluster, not to a staging: install them once, with `kubectl apply --server-side -f` (crds/shops.yaml)",
		"Job/migrate is a hook (pre-install,pre-upgrade): it becomes an object of sync wave -1, before the other objects",
		"ConfigMap/migration goes into sync wave -2, because a hook needs it",
		"Job/seed is a hook (post-install,pre-upgrade): it becomes an object of sync wave 1, when the other objects are healthy: Helm does not run it before a first installation",
		"left out the tests of the chart: Argo CD would run them with each deploy",
	}
	if diff := cmp.Diff(wantNotes, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

func TestValuesOfAStaging(t *testing.T) {
	const digest = "sha256:1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c5b6a7988"
	template := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: values}\ndata:\n  all: {{ toJson .Values | quote }}\n"
	tests := map[string]struct {
		defaults string
		change   func(*staging.Chart)
		want     string
	}{
		"a path into a list keeps the rest of the list": {
			"hosts: [{host: a, path: /}, {host: b, path: /b}]",
			func(c *staging.Chart) { c.Set = []staging.ChartValue{{Path: "hosts[0].host", Value: "login"}} },
			`{"hosts":[{"host":"login","path":"/"},{"host":"b","path":"/b"}]}`,
		},
		"a key with dots": {
			"labels: {}", func(c *staging.Chart) { c.Set = []staging.ChartValue{{Path: `labels.a\.b`, Value: "x"}} },
			`{"labels":{"a.b":"x"}}`,
		},
		"numbers have no exponent": {
			"size: 1", func(c *staging.Chart) { c.Set = []staging.ChartValue{{Path: "size", Value: float64(100000000)}} },
			`{"size":100000000}`,
		},
		"null removes a default": {
			"a: 1\nb: 2", func(c *staging.Chart) { c.Values = map[string]any{"a": nil} }, `{"b":2}`,
		},
		"files, values, single values": {
			"a: 0\nb: 0\nc: 0\nd: 0",
			func(c *staging.Chart) {
				c.ValueFiles = []string{"one.yaml", "two.yaml"}
				c.Values = map[string]any{"c": 3}
				c.Set = []staging.ChartValue{{Path: "d", Value: 4}}
			},
			`{"a":1,"b":2,"c":3,"d":4}`,
		},
		"an image in one text": {
			"image: shop/web:1",
			func(c *staging.Chart) {
				c.Images = []staging.ChartImage{{Service: "web", Path: "image", Reference: "r.io/shop/web:2"}}
			},
			`{"image":"r.io/shop/web:2"}`,
		},
		"repository and tag": {
			"image: {repository: shop/web, tag: 1}",
			func(c *staging.Chart) {
				c.Images = []staging.ChartImage{{Service: "web", Path: "image", Reference: "r.io:5000/shop/web:2"}}
			},
			`{"image":{"repository":"r.io:5000/shop/web","tag":"2"}}`,
		},
		"registry, repository, tag and digest": {
			"web: {image: {registry: docker.io, repository: shop/web, tag: 1, digest: old}}",
			func(c *staging.Chart) {
				c.Images = []staging.ChartImage{{Service: "web", Path: "web.image", Reference: "shop/web:2"}}
			},
			`{"web":{"image":{"digest":"","registry":"docker.io","repository":"shop/web","tag":"2"}}}`,
		},
		"a digest": {
			"image: {repository: shop/web, tag: 1, digest: \"\"}",
			func(c *staging.Chart) {
				c.Images = []staging.ChartImage{{Service: "web", Path: "image", Reference: "r.io/web@" + digest}}
			},
			`{"image":{"digest":"` + digest + `","repository":"r.io/web","tag":1}}`,
		},
		"a digest without a key for it": {
			"image: {repository: shop/web, tag: 1}",
			func(c *staging.Chart) {
				c.Images = []staging.ChartImage{{Service: "web", Path: "image", Reference: "r.io/web@" + digest}}
			},
			`{"image":{"repository":"r.io/web@sha256","tag":"` + strings.TrimPrefix(digest, "sha256:") + `"}}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files, c := small(template), plainChart()
			files["charts/shop/values.yaml"] = tt.defaults
			files["one.yaml"], files["two.yaml"] = "a: 1\nb: 1", "b: 2\nc: 2"
			tt.change(&c)
			rendered, err := helm.Render(c, files)
			if err != nil {
				t.Fatal(err)
			}
			got := rendered.Objects[0]["data"].(map[string]any)["all"]
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
		})
	}
}

// A chart that differs each time would change a staging with each deploy.
func TestChartsThatDiffer(t *testing.T) {
	secret := func(value string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  p: {{ " + value + " | quote }}\n"
	}
	tests := map[string]struct {
		template string
		helpers  string
		want     string // the problem; "" if the chart is accepted
		hint     string
	}{
		"a random password": {
			secret("default (randAlphaNum 10) .Values.auth.password"), "",
			"charts/shop/templates/object.yaml:5: randAlphaNum differs", "set auth.password in spec.helm.charts[0].values",
		},
		"an existing Secret comes first": {
			"{{ if not .Values.auth.existingSecret }}\n" + secret("default (randAlphaNum 10) .Values.auth.password") + "{{ end }}", "",
			"charts/shop/templates/object.yaml:6: randAlphaNum differs", "set auth.existingSecret in spec.helm.charts[0].values",
		},
		"a helper with the path of the value": {
			secret(`include "shop.password" (dict "key" "auth.password" "context" $)`),
			`{{ define "shop.password" }}{{ $v := .context.Values }}{{ range splitList "." .key }}{{ $v = index $v . }}{{ end }}{{ if $v }}{{ $v }}{{ else }}{{ genPrivateKey "ed25519" }}{{ end }}{{ end }}`,
			"charts/shop/templates/_helpers.tpl:1: genPrivateKey differs each time it is rendered, so that every deploy would change the staging (included by charts/shop/templates/object.yaml:5)",
			"set auth.password in",
		},
		"the time":           {secret(`now | date "2006-01-02"`), "", "charts/shop/templates/object.yaml:5: now differs", "set the value"},
		"the time in a test": {"apiVersion: v1\nkind: Pod\nmetadata: {name: x, annotations: {\"helm.sh/hook\": test, at: {{ now | quote }}}}\n", "", "", ""},
		"a time that does not matter": {
			secret(`ternary "past" "future" ((toDate "2006" "1999").Before now)`), "", "", "",
		},
		"keys in any order": {secret("keys .Values.names | join `,`"), "", "charts/shop/templates/object.yaml:5: keys differs", ""},
		"keys in order":     {secret("keys .Values.names | sortAlpha | join `,`"), "", "", ""},
		"a unique name":     {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x-{{ uuidv4 }}}\n", "", "charts/shop/templates/object.yaml:3: uuidv4 differs", ""},
		"lookup finds none": {secret("(lookup `v1` `Secret` `` ``) | len"), "", "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files := small(tt.template)
			if tt.helpers != "" {
				files["charts/shop/templates/_helpers.tpl"] = tt.helpers
			}
			_, err := helm.Render(plainChart(), files)
			expect(t, err, tt.want, tt.hint)
		})
	}
}
