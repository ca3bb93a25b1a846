package helm_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"slices"
	"strings"
	"testing"

	"octopod/generator/helm"
	"octopod/generator/staging"
)

func expect(t *testing.T, err error, problem, hint string) {
	t.Helper()
	if problem == "" {
		if err != nil {
			t.Errorf("got the error %v", err)
		}
		return
	}
	var e *staging.Error
	if !errors.As(err, &e) || e.Code != staging.CodeInvalid {
		t.Fatalf("got %v, want an invalid chart", err)
	}
	if !slices.ContainsFunc(e.Problems, func(p staging.Problem) bool { return strings.Contains(p.String(), problem) }) {
		t.Errorf("got %v\nwant %s", err, problem)
	}
	if !strings.Contains(e.Hint, hint) {
		t.Errorf("got the hint %q, want %q", e.Hint, hint)
	}
}

func TestFaultyCharts(t *testing.T) {
	tests := map[string]struct {
		change func(mapFiles, *staging.Chart)
		want   string
	}{
		"no chart": {func(f mapFiles, c *staging.Chart) { c.Path = "charts/none" }, "charts/none: there is no chart in this directory"},
		"broken template": {
			func(f mapFiles, _ *staging.Chart) { f["charts/shop/templates/object.yaml"] = "a: b\nc: {{ .Values.x\n" },
			"charts/shop/templates/object.yaml:3: unclosed action started at shop/templates/object.yaml:2",
		},
		"missing value": {
			func(f mapFiles, _ *staging.Chart) {
				f["charts/shop/templates/object.yaml"] = "\n{{ .Values.tls.secret }}"
			},
			"charts/shop/templates/object.yaml:2: <.Values.tls.secret>: nil pointer evaluating interface {}.secret",
		},
		"required value": {
			func(f mapFiles, _ *staging.Chart) {
				f["charts/shop/templates/object.yaml"] = "a: {{ required \"name a domain\" .Values.domain }}"
			},
			"charts/shop/templates/object.yaml:1: name a domain",
		},
		"broken YAML": {
			func(f mapFiles, _ *staging.Chart) { f["charts/shop/templates/object.yaml"] = "a: {{ \"b: c\" }}" },
			"charts/shop/templates/object.yaml: the template makes no valid YAML: yaml: mapping values are not allowed",
		},
		"no object": {
			func(f mapFiles, _ *staging.Chart) { f["charts/shop/templates/object.yaml"] = "[a, b]" },
			"charts/shop/templates/object.yaml",
		},
		"other Kubernetes": {
			func(f mapFiles, c *staging.Chart) { f["charts/shop/Chart.yaml"] += "kubeVersion: \">=1.33\"\n" },
			"charts/shop/Chart.yaml: kubeVersion: the chart is for Kubernetes >=1.33, and spec.helm.kubeVersion in octopod.yaml is 1.31",
		},
		"library": {
			func(f mapFiles, _ *staging.Chart) { f["charts/shop/Chart.yaml"] += "type: library\n" }, "a library chart has no objects",
		},
		"missing dependency": {
			func(f mapFiles, _ *staging.Chart) {
				f["charts/shop/Chart.yaml"] += "dependencies: [{name: redis, version: 1.0.0}]\n"
			},
			"charts/shop/Chart.yaml: dependencies: charts/ has no redis",
		},
		"values file": {
			func(_ mapFiles, c *staging.Chart) { c.ValueFiles = []string{"no.yaml"} },
			"spec.helm.charts[0].valueFiles: there is no no.yaml in the env repo",
		},
		"broken values file": {
			func(f mapFiles, c *staging.Chart) { c.ValueFiles = []string{"v.yaml"}; f["v.yaml"] = "a: 1\nb: [\n" },
			"v.yaml:",
		},
		"index after the list": {
			func(_ mapFiles, c *staging.Chart) { c.Set = []staging.ChartValue{{Path: "hosts[3]", Value: "x"}} },
			"hosts[3]: the list has only 0 elements",
		},
		"no image": {
			func(_ mapFiles, c *staging.Chart) {
				c.Images = []staging.ChartImage{{Service: "web", Path: "image", Reference: "shop/web:1"}}
			},
			"spec.helm.charts[0].images.web: the values of the chart have no image at image",
		},
		"schema elsewhere": {
			func(f mapFiles, _ *staging.Chart) {
				f["charts/shop/values.schema.json"] = `{"$ref": "http://127.0.0.1:1/schema.json"}`
			},
			"Octopod loads nothing from elsewhere",
		},
		"schema on disk": {
			func(f mapFiles, _ *staging.Chart) {
				f["charts/shop/values.schema.json"] = `{"$ref": "file:///etc/passwd"}`
			},
			"Octopod loads nothing from elsewhere",
		},
		"broken schema": {func(f mapFiles, _ *staging.Chart) { f["charts/shop/values.schema.json"] = `{` }, "charts/shop/values.schema.json"},
		"endless include": {
			func(f mapFiles, _ *staging.Chart) {
				f["charts/shop/templates/object.yaml"] = `{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}`
			},
			"nested reference name: a",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files, c := small("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"), plainChart()
			tt.change(files, &c)
			_, err := helm.Render(c, files)
			expect(t, err, tt.want, "")
		})
	}
}

func TestSchemaFaultsNameTheField(t *testing.T) {
	files, c := shop(t)
	files["charts/shop/charts/db/values.schema.json"] = `{"properties": {"size": {"pattern": "Gi$"}}}`
	c.Values = map[string]any{"replicas": 5, "image": map[string]any{"repository": nil}, "data": map[string]any{"size": "big"}}
	_, err := helm.Render(c, files)
	for _, want := range []string{
		"charts/shop/values.schema.json: replicas: maximum: got 5, want 3",
		"charts/shop/values.schema.json: image: missing property 'repository'",
		"values.schema.json: data.size: 'big' does not match pattern 'Gi$'",
	} {
		expect(t, err, want, "spec.helm.charts[0].values")
	}
}

func TestUnpackRejectsHarmfulArchives(t *testing.T) {
	pack := func(names ...string) []byte {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		out := tar.NewWriter(zip)
		for _, name := range names {
			const text = "apiVersion: v2\nname: shop\nversion: 1.0.0\n"
			if err := out.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
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
	if files, err := helm.Unpack(pack("shop/Chart.yaml", "shop/templates/a.yaml")); err != nil || len(files) != 2 || files[1].Path != "templates/a.yaml" {
		t.Errorf("unpacked %v, %v", files, err)
	}
	for _, name := range []string{"shop/../../etc/passwd", "shop//etc/passwd", "Chart.yaml", "shop/c:/x"} {
		if files, err := helm.Unpack(pack(name)); err == nil {
			t.Errorf("%s: unpacked %v", name, files)
		}
	}
	if _, err := helm.Unpack([]byte("no archive")); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("got %v", err)
	}
}
