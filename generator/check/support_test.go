package check_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"octopod/generator/check"
	"octopod/generator/staging"
)

var update = flag.Bool("update", false, "write what is reported into testdata; read the diff before you believe it")

// subject is the staging that testdata/good.yaml belongs to.
func subject() check.Subject {
	return check.Subject{
		Namespace:  "shop-feature-login",
		Hosts:      []string{"api-feature-login.staging.example.com", "feature-login.staging.example.com"},
		BaseDomain: "staging.example.com",
		Images: map[string]string{
			"backend":  "registry.example.com/shop/backend:1f2e3d4",
			"frontend": "registry.example.com/shop/frontend:main-77",
		},
		State: staging.Active,
	}
}

// parse decodes YAML documents into objects, as a renderer returns them.
func parse(t testing.TB, text string) []staging.Object {
	t.Helper()
	var objects []staging.Object
	for _, doc := range strings.Split(text, "\n---\n") {
		data, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatalf("%v\n%s", err, doc)
		}
		objects = append(objects, object(t, data))
	}
	return objects
}

func object(t testing.TB, data []byte) staging.Object {
	t.Helper()
	var header struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	_ = yaml.Unmarshal(data, &header) // what does not fit is the checks' to find
	return staging.Object{APIVersion: header.APIVersion, Kind: header.Kind, Namespace: header.Metadata.Namespace, Name: header.Metadata.Name, JSON: data}
}

func good(t testing.TB) []staging.Object {
	t.Helper()
	return parse(t, read(t, "testdata/good.yaml"))
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lines formats problems as the CLI does, one per line.
func lines(problems []staging.Problem) string {
	var b strings.Builder
	for _, p := range problems {
		b.WriteString(p.String() + "\n")
	}
	return b.String()
}
