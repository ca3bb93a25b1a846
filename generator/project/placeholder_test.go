package project_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

// A default is made of the name, the branch and the addresses of its staging.
func TestDefaultsOfAStaging(t *testing.T) {
	p := parse(t, withParameters(`
    PUBLIC_URL: {default: "{url.frontend}/start"}
    CALLBACK: {default: "https://{host.backend}/callback"}
    BUCKET: {default: "{project}-{name}", pattern: "[a-z-]+"}
    REF: {default: "{branch} in {namespace}"}
    BODY: {default: "{\"name\": 1}"}
`))
	s := deployed(t, p, func(a *staging.Action) { a.Set = map[string]string{"REF": "{branch}"} })
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"PUBLIC_URL": "https://login.staging.example.com/login/start", "CALLBACK": "https://api-login.staging.example.com/callback",
		"BUCKET": "shop-login", "REF": "{branch}", "BODY": `{"name": 1}`,
	}
	for key, value := range want {
		if params.App[key] != value {
			t.Errorf("%s = %q; want %q", key, params.App[key], value)
		}
	}
}

func TestWrongPlaceholders(t *testing.T) {
	got := problemsIn(withParameters(`
    A: {default: "{host.fronted}"}
    B: {default: "{name}", pattern: "[0-9]+"}
`))
	want := []string{
		`spec.parameters.A.default: {host.fronted} has no value: there is no service "fronted" with a host`,
		`spec.parameters.B.default: "sample" does not match the pattern [0-9]+`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
