package auth_test

import (
	"crypto/x509"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// withCI allows the runs of acme's shops on protected branches.
func withCI(i *issuer) func(string) auth.Config {
	return func(string) auth.Config {
		return auth.Config{
			Mode: auth.ModeHeader, Proxies: []string{"192.0.2.1/32"},
			CI: []auth.Issuer{{Issuer: i.URL, Audience: "https://octopod.example.com", Rules: []auth.Rule{
				{Subject: "repo:acme/shop-*:ref:refs/heads/*", Claims: map[string]string{"ref_protected": "true"}, Scope: auth.Scope{
					Role: project.RoleUser, Verbs: []staging.Verb{staging.Deploy}, Projects: []string{"shop"},
				}},
				{Subject: "project_path:acme/*", Scope: auth.Scope{Role: project.RoleViewer}},
			}}},
		}
	}
}

// run returns the documented claims of a run of GitHub Actions:
// https://docs.github.com/en/actions/concepts/security/openid-connect
func (i *issuer) run() map[string]any {
	return map[string]any{
		"iss": i.URL, "aud": "https://octopod.example.com", "iat": time.Now().Unix(), "nbf": time.Now().Add(-time.Minute).Unix(),
		"exp": time.Now().Add(5 * time.Minute).Unix(), "jti": "example-id",
		"sub": "repo:acme/shop-backend:ref:refs/heads/feature/login", "repository": "acme/shop-backend", "repository_owner": "acme",
		"ref": "refs/heads/feature/login", "ref_protected": "true", "actor": "grace", "actor_id": "12345678", "event_name": "push",
	}
}

func TestCIToken(t *testing.T) {
	i := newIssuer(t)
	h := open(t, withCI(i))
	got := h.program(t).bearing(i.sign(i.run())).get(h.URL + "/").identity(t)
	want := staging.Person{Name: "grace", Email: "12345678+grace@users.noreply.github.com"}
	if got.Method != auth.MethodCI || got.Subject != "repo:acme/shop-backend:ref:refs/heads/feature/login" || got.Person != want {
		t.Errorf("%+v", got)
	}
	if err := auth.Check(shop(), got, staging.Deploy, "feature-login"); err != nil {
		t.Error(err)
	}
	if err := auth.Check(shop(), got, staging.Delete, "feature-login"); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("outside its scope: %v", err)
	}
}

// The claims that GitLab documents for ID tokens:
// https://docs.gitlab.com/ci/secrets/id_token_authentication/
func TestCITokenOfGitLab(t *testing.T) {
	i := newIssuer(t)
	h := open(t, withCI(i))
	claims := map[string]any{
		"iss": i.URL, "aud": []string{"https://octopod.example.com"}, "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
		"sub": "project_path:acme/shop:ref_type:branch:ref:feature/login", "project_path": "acme/shop", "user_login": "grace", "user_email": "grace@example.com",
	}
	got := h.program(t).bearing(i.sign(claims)).get(h.URL + "/").identity(t)
	if got.Person != (staging.Person{Name: "grace", Email: "grace@example.com"}) || auth.Role(shop(), got) != project.RoleViewer {
		t.Errorf("%+v", got)
	}
}

// The identity of a run carries its repository, branch and event: what a rule binds it to.
func TestARunCarriesItsOrigin(t *testing.T) {
	i := newIssuer(t)
	h := open(t, func(url string) auth.Config {
		c := withCI(i)(url)
		c.CI[0].Rules = []auth.Rule{{Subject: "acme/*", Scope: auth.Scope{Role: project.RoleUser}}}
		return c
	})
	host := strings.TrimPrefix(i.URL, "http://")
	github := func(event, ref, head string) map[string]any {
		return map[string]any{"repository": "acme/shop", "event_name": event, "ref": ref, "ref_type": "branch", "head_ref": head}
	}
	gitlab := func(source, kind, ref string) map[string]any {
		return map[string]any{"project_path": "acme/shop", "pipeline_source": source, "ref_type": kind, "ref": ref}
	}
	for _, tt := range []struct {
		claims        map[string]any
		branch, event string
	}{
		{github("push", "refs/heads/feature/login", ""), "feature/login", "push"},
		{github("push", "refs/tags/v1", ""), "", "push"},
		{github("pull_request", "refs/pull/1/merge", "feature/login"), "feature/login", "pull_request"},
		{github("pull_request_target", "refs/heads/main", "main"), "", "pull_request_target"},
		{github("repository_dispatch", "refs/heads/main", ""), "main", "repository_dispatch"},
		{github("merge_group", "refs/heads/gh-readonly-queue/main/pr-1-abc", ""), "gh-readonly-queue/main/pr-1-abc", "merge_group"},
		{gitlab("push", "branch", "feature/login"), "feature/login", "push"},
		{gitlab("push", "tag", "v1"), "", "push"},
		{gitlab("pipeline", "branch", "main"), "main", "pipeline"},
		{gitlab("merge_request_event", "branch", "feature/login"), "feature/login", "merge_request_event"},
	} {
		claims := i.run()
		for _, name := range []string{"repository", "event_name", "ref", "sub"} {
			delete(claims, name)
		}
		maps.Copy(claims, tt.claims)
		claims["sub"], claims["sha"] = "acme/run", "1f2e3d4"
		got := h.program(t).bearing(i.sign(claims)).get(h.URL + "/").identity(t).Origin
		want := project.RunOrigin{Repository: host + "/acme/shop", Branch: tt.branch, Event: tt.event, Commit: "1f2e3d4"}
		if tt.event == "pull_request" || tt.event == "merge_request_event" { // the commit may be a merge
			want.Commit = ""
		}
		if got == nil || *got != want {
			t.Errorf("%v: got %+v, want %+v", tt.claims, got, want)
		}
	}
}

// The names of a rule may follow the branch of the run.
func TestNamesOfARuleFollowTheBranch(t *testing.T) {
	p := shop()
	p.Spec.Naming.StripPrefixes = []string{"feature/"}
	run := func(branch string, names ...string) auth.Identity {
		return auth.Identity{Method: auth.MethodCI, Scope: &auth.Scope{Role: project.RoleUser, Names: names}, Origin: &project.RunOrigin{Branch: branch}}
	}
	for _, tt := range []struct {
		identity auth.Identity
		name     string
		allowed  bool
	}{
		{run("feature/login", "{name}"), "login", true},
		{run("feature/login", "{name}"), "other", false},
		{run("feature/login", "e2e-{name}", "nightly"), "e2e-login", true},
		{run("main", "{branch}"), "main", true},
		{run("", "{name}"), "login", false},
		{run("*", "{branch}"), "login", false},
	} {
		if err := auth.Check(p, tt.identity, staging.Deploy, tt.name); (err == nil) != tt.allowed {
			t.Errorf("%+v, %v for %s: %v", tt.identity.Origin, tt.identity.Scope.Names, tt.name, err)
		}
	}
}

func TestForgedCIToken(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	h := open(t, withCI(i))
	stranger := strangerKey(t)
	changed := func(name string, value any) string {
		claims := i.run()
		claims[name] = value
		return i.sign(claims)
	}
	good := i.sign(i.run())
	for _, tt := range []struct {
		name, token string
		want        int
	}{
		{"for another audience", changed("aud", "https://other.example.com"), http.StatusUnauthorized},
		{"expired", changed("exp", time.Now().Add(-time.Minute).Unix()), http.StatusUnauthorized},
		{"not valid yet", changed("nbf", time.Now().Add(time.Hour).Unix()), http.StatusUnauthorized},
		{"of an issuer that is not configured", other.sign(other.run()), http.StatusUnauthorized},
		{"of another issuer's key", other.sign(i.run()), http.StatusUnauthorized},
		{"signed by a stranger", signed(t, jose.RS256, stranger, "one", i.run()), http.StatusUnauthorized},
		{"with an unknown key", signed(t, jose.RS256, stranger, "two", i.run()), http.StatusUnauthorized},
		{"not signed", unsigned(i.run()), http.StatusUnauthorized},
		{"signed with the public key", signed(t, jose.HS256, x509.MarshalPKCS1PublicKey(&i.key.PublicKey), "one", i.run()), http.StatusUnauthorized},
		{"truncated", good[:len(good)-10], http.StatusUnauthorized},
		{"of somebody else's repository", changed("sub", "repo:evil/shop-backend:ref:refs/heads/main"), http.StatusForbidden},
		{"of a look-alike owner", changed("sub", "repo:acme-evil/shop-backend:ref:refs/heads/main"), http.StatusForbidden},
		{"of a pull request", changed("sub", "repo:acme/shop-backend:pull_request"), http.StatusForbidden},
		{"of an unprotected branch", changed("ref_protected", "false"), http.StatusForbidden},
		{"without the claim", changed("ref_protected", nil), http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.program(t).bearing(tt.token).get(h.URL+"/").assertProblem(t, tt.want)
		})
	}
}

// Each forged token with a new key makes the server fetch the issuer's keys. It
// rejects an address before that after several forged tokens.
func TestForgedCITokensAreLimited(t *testing.T) {
	i := newIssuer(t)
	h := open(t, func(url string) auth.Config {
		c := withCI(i)(url)
		c.Limits.SignIns = 5
		return c
	})
	forged := signed(t, jose.RS256, strangerKey(t), "two", i.run())
	for range 5 {
		h.program(t).bearing(forged).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
	}
	asked := i.keysRead
	for range 20 {
		h.program(t).bearing(forged).get(h.URL+"/").assertProblem(t, http.StatusTooManyRequests)
	}
	if i.keysRead != asked {
		t.Errorf("the server fetched the issuer's keys %d more times", i.keysRead-asked)
	}
	h.advance(time.Minute)
	h.program(t).bearing(i.sign(i.run())).get(h.URL + "/").identity(t)
}
