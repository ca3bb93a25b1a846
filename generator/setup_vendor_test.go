package generator_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/registry"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// packed returns a packed chart with these files; the chart is the directory of all.
func packed(t *testing.T, chart string, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	out := tar.NewWriter(zip)
	for name, text := range files {
		if err := out.WriteHeader(&tar.Header{Name: chart + "/" + name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(out.Close(), zip.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func chartHead(name, version, more string) string {
	return fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n%s", name, version, more)
}

// repository serves packed charts with an index, by their file names.
func repository(t *testing.T, charts map[string][]byte, index string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "index.yaml" {
			_, _ = w.Write([]byte(index))
			return
		}
		data, ok := charts[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func vendor(t *testing.T, w *fixture, source, version string) (setup.VendorResult, error) {
	t.Helper()
	return w.Vendor(t.Context(), registry.New(registry.Options{}), setup.VendorRequest{Source: source, Version: version, By: ada})
}

// A repository of charts, as of helm repo add, provides one version.
func TestVendorFromARepository(t *testing.T) {
	w := empty(t)
	source := repository(t, map[string][]byte{
		"web-1.0.0.tgz": packed(t, "web", map[string]string{"Chart.yaml": chartHead("web", "1.0.0", "")}),
	}, "entries: {web: [{version: 1.1.0, urls: [none.tgz]}, {version: 1.0.0, urls: [web-1.0.0.tgz]}]}")
	from := func(chart, version string) (setup.VendorResult, error) {
		return w.Vendor(t.Context(), registry.New(registry.Options{}), setup.VendorRequest{Source: source, Chart: chart, Version: version, By: ada})
	}
	result, err := from("web", "1.0.0")
	if err != nil || result.Path != "charts/web" || result.Version != "1.0.0" {
		t.Errorf("%+v, %v", result, err)
	}
	if _, err := from("web", ""); staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(staging.HintOf(err), "--version") {
		t.Errorf("without a version: %v", err)
	}
	if _, err := from("db", "1.0.0"); staging.CodeOf(err) != staging.CodeNotFound {
		t.Errorf("another chart: %v", err)
	}
}

// A chart comes from an OCI registry, its dependencies in the versions of Chart.lock.
func TestVendorBringsAChartAndItsDependencies(t *testing.T) {
	w := empty(t)
	images := testenv.ServeRegistry(t)
	if _, err := testenv.PushChart(images.Host+"/charts/cache:2.0.0", packed(t, "cache", map[string]string{"Chart.yaml": chartHead("cache", "2.0.0", "")})); err != nil {
		t.Fatal(err)
	}
	web := repository(t, map[string][]byte{
		"db-1.0.0.tgz": packed(t, "db", map[string]string{"Chart.yaml": chartHead("db", "1.0.0", "")}),
	}, "entries: {db: [{version: 1.1.0, urls: [none.tgz]}, {version: 1.0.0, urls: [db-1.0.0.tgz]}]}")
	shop := func(version, values string, more map[string]string) map[string]string {
		files := map[string]string{
			"Chart.yaml": chartHead("shop", version, fmt.Sprintf("dependencies:\n- {name: db, version: ^1.0.0, repository: %q}\n- {name: cache, version: 2.0.0, repository: %q}\n- {name: packed, version: 3.0.0}\n",
				web, "oci://"+images.Host+"/charts")),
			"Chart.lock":                       fmt.Sprintf("dependencies:\n- {name: db, version: 1.0.0, repository: %q}\n- {name: cache, version: 2.0.0, repository: %q}\n", web, "oci://"+images.Host+"/charts"),
			"charts/packed/Chart.yaml":         chartHead("packed", "3.0.0", ""),
			"values.yaml":                      values,
			"templates/config.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n",
			"templates/only-" + version + ".y": "x",
		}
		for name, text := range more {
			files[name] = text
		}
		return files
	}
	digest, err := testenv.PushChart(images.Host+"/charts/shop:1.0.0", packed(t, "shop", shop("1.0.0", "size: 1\n", nil)))
	if err != nil {
		t.Fatal(err)
	}
	result, err := vendor(t, w, "oci://"+images.Host+"/charts/shop", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	if result.Path != "charts/shop" || result.Version != "1.0.0" || result.Digest != digest || !result.Changed {
		t.Errorf("got %+v, want digest %s", result, digest)
	}
	for file, want := range map[string]string{
		"charts/shop/charts/db/Chart.yaml": "version: 1.0.0", "charts/shop/charts/cache/Chart.yaml": "version: 2.0.0",
		"charts/shop.lock.yaml": "digest: " + digest,
	} {
		if text := string(w.read(file)); !strings.Contains(text, want) {
			t.Errorf("%s has no %q:\n%s", file, want, text)
		}
	}
	again, err := vendor(t, w, "oci://"+images.Host+"/charts/shop:1.0.0", "")
	if err != nil || again.Changed || len(again.Plan) > 0 {
		t.Errorf("the same version: %+v, %v", again, err)
	}

	if _, err := testenv.PushChart(images.Host+"/charts/shop:1.1.0", packed(t, "shop", shop("1.1.0", "size: 2\n", nil))); err != nil {
		t.Fatal(err)
	}
	newer, err := vendor(t, w, "oci://"+images.Host+"/charts/shop", "1.1.0")
	if err != nil {
		t.Fatal(err)
	}
	plan := map[string]staging.Change{}
	for _, item := range newer.Plan {
		plan[item.Path] = item.Action
	}
	want := map[string]staging.Change{
		"charts/shop.lock.yaml": staging.Modified, "charts/shop/Chart.yaml": staging.Modified, "charts/shop/values.yaml": staging.Modified,
		"charts/shop/templates/only-1.0.0.y": staging.Removed, "charts/shop/templates/only-1.1.0.y": staging.Added,
	}
	if diff := cmp.Diff(want, plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if !strings.Contains(newer.Diff, "-size: 1\n+size: 2\n") {
		t.Errorf("diff:\n%s", newer.Diff)
	}
}

func TestVendorRefusesWhatIsNoChart(t *testing.T) {
	w := empty(t)
	images := testenv.ServeRegistry(t)
	if _, err := testenv.Push(images.Host + "/shop/web:1"); err != nil {
		t.Fatal(err)
	}
	lost := packed(t, "lost", map[string]string{"Chart.yaml": chartHead("lost", "1.0.0", "dependencies: [{name: db, version: 1.0.0, repository: \"file://../db\"}]\n")})
	web := repository(t, map[string][]byte{
		"page.tgz": []byte("<html>"), "lost.tgz": lost, "up.tgz": packed(t, "up", map[string]string{"../../x": "y"}),
		"odd.tgz": packed(t, "odd", map[string]string{"Chart.yaml": chartHead("../odd", "1.0.0", "")}),
	}, "")
	for source, want := range map[string]string{
		"oci://" + images.Host + "/shop/web:1":  "is no Helm chart",
		"oci://" + images.Host + "/shop/none:1": "has no image",
		web + "/page.tgz":                       "the archive holds no usable chart",
		web + "/none.tgz":                       "404 Not Found",
		web + "/lost.tgz":                       "file://",
		web + "/up.tgz":                         "the archive holds no usable chart",
		web + "/odd.tgz":                        "Chart.yaml has no usable name",
		"charts/web":                            "is no address of a chart",
		"http://192.0.2.1/web.tgz":              "cannot download",
	} {
		if result, err := vendor(t, w, source, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %s", source, result, err, want)
		}
	}
}
