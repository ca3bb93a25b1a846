package notify_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// shop returns a project with two services.
func shop(t *testing.T) *project.Project {
	t.Helper()
	p, err := project.Parse([]byte(`apiVersion: octopod.dev/v1alpha1
kind: Project
metadata: {name: shop, title: The shop}
spec:
  engine: kustomize
  hosts: {baseDomain: staging.example.com}
  services:
    backend: {title: Backend, image: "registry.example.com/shop/backend:main-77", host: "api-{name}"}
    frontend: {title: Shop, image: "registry.example.com/shop/frontend:main-77", host: "{name}"}
`))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// login returns a running staging.
func login() *staging.View {
	expires := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	s := staging.Staging{Name: "feature-login", Title: "New login page", Spec: staging.Spec{
		Branch: "feature/login", State: staging.Active, Expires: &expires,
		Services: map[string]staging.Service{
			"backend":  {Image: "registry.example.com/shop/backend:1f2e3d4", From: staging.FromBranch},
			"frontend": {Image: "registry.example.com/shop/frontend:main-77", From: staging.FromDefault},
		},
		PullRequest: &staging.PullRequest{Number: 42, Title: "A new login page", URL: "https://github.com/acme/shop/pull/42"},
	}}
	return &staging.View{Document: s.Document(), Version: "1", Status: staging.Status{
		Phase: staging.PhaseRunning, Reason: staging.Reason{Code: staging.ReasonRunning}, URL: "https://feature-login.staging.example.com",
	}}
}

// hostile returns a staging with hostile texts.
func hostile() *staging.View {
	v := login()
	v.Metadata.Title = "<!channel> @channel @everyone [prize](https://evil.example) *bold* `x` https://evil.example &amp; #1 !2 ~team\r\nBcc: victim@example.com\n/close"
	v.Spec.Branch = "@here/<b>*|`"
	v.Spec.PullRequest.URL = "javascript:alert(1)"
	v.Spec.PullRequest.Title = "\u202eevil www.evil.example"
	return v
}

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func notice(t *testing.T, v *staging.View) notify.Notice {
	t.Helper()
	return notify.Compose(shop(t), notify.Event{On: project.OnRunning}, v, "https://octopod.example.com/shop/stagings/feature-login", "", noon)
}

// endpoint is an HTTP endpoint that records its requests.
type endpoint struct {
	*httptest.Server
	got chan request
}

type request struct {
	header http.Header
	body   []byte
}

// newEndpoint starts an endpoint with a handler.
func newEndpoint(t *testing.T, answer http.HandlerFunc) *endpoint {
	t.Helper()
	p := &endpoint{got: make(chan request, 100)}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.got <- request{r.Header, body}
		answer(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }

// rejection returns the RejectedError in an error.
func rejection(t *testing.T, err error) *notify.RejectedError {
	t.Helper()
	var r *notify.RejectedError
	if !errors.As(err, &r) {
		t.Fatalf("%v is not a RejectedError", err)
	}
	return r
}
