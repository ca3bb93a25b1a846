package auth_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// withToken configures a token for CI and the stagings of shop's features.
func withToken(hash string, expires time.Time) func(string) auth.Config {
	return func(string) auth.Config {
		return auth.Config{
			Mode: auth.ModeHeader, Proxies: []string{"192.0.2.1/32"},
			Tokens: []auth.Token{{Name: "ci-shop", Email: "ci@example.com", Hash: hash, Expires: expires, Scope: auth.Scope{
				Role: project.RoleUser, Verbs: []staging.Verb{staging.Deploy, staging.Archive}, Projects: []string{"shop"}, Names: []string{"feature-*"},
			}}},
		}
	}
}

func (v *testClient) bearing(token string) *testClient {
	return v.with("Authorization", "Bearer "+token)
}

func TestToken(t *testing.T) {
	secret, hash := auth.NewToken()
	h := open(t, withToken(hash, time.Now().Add(time.Hour)))
	got := h.program(t).bearing(secret).get(h.URL + "/").identity(t)
	if got.Method != auth.MethodToken || got.Subject != "token:ci-shop" || got.Person != (staging.Person{Name: "ci-shop", Email: "ci@example.com"}) {
		t.Errorf("%+v", got)
	}
	if role := auth.Role(shop(), got); role != project.RoleUser {
		t.Errorf("role %s", role)
	}
	if got := h.program(t).with("Authorization", "bearer  "+secret).get(h.URL + "/").identity(t); !got.Known() {
		t.Error("a lower-case scheme hides the token")
	}
}

func TestForgedToken(t *testing.T) {
	secret, hash := auth.NewToken()
	other, _ := auth.NewToken()
	h := open(t, withToken(hash, time.Now().Add(time.Hour)))
	for name, token := range map[string]string{
		"another":      other,
		"changed":      flip(secret, len(secret)-1),
		"truncated":    secret[:len(secret)-1],
		"the hash":     hash,
		"empty":        "",
		"prefix only":  "octopod_",
		"no token":     "x",
		"three parts":  "a.b.c",
		"a huge one":   strings.Repeat("a.", 50_000),
		"the name":     "ci-shop",
		"with a blank": secret + " " + secret,
	} {
		got := h.program(t).bearing(token).get(h.URL + "/")
		t.Run(name, func(t *testing.T) { got.assertProblem(t, http.StatusUnauthorized) })
	}
	for _, attempt := range h.refusals() {
		if strings.Contains(fmt.Sprint(attempt), secret[8:40]) {
			t.Errorf("the audit log contains a credential: %v", attempt)
		}
	}
}

func TestExpiredToken(t *testing.T) {
	secret, hash := auth.NewToken()
	h := open(t, withToken(hash, time.Now().Add(time.Hour)))
	h.advance(59 * time.Minute)
	h.program(t).bearing(secret).get(h.URL + "/").identity(t)
	h.advance(time.Minute)
	h.program(t).bearing(secret).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
}

// A wrong token is rejected even beside a valid session.
func TestWrongTokenBesideSession(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	h.holding(t, signedIn(t, h)).bearing("octopod_wrong").get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
}

func TestTokenOutsideItsScope(t *testing.T) {
	secret, hash := auth.NewToken()
	h := open(t, withToken(hash, time.Now().Add(time.Hour)))
	token := h.program(t).bearing(secret).get(h.URL + "/").identity(t)
	other := shop()
	other.Metadata.Name = "other"
	for _, tt := range []struct {
		name    string
		project *project.Project
		verb    staging.Verb
		staging string
		want    bool
	}{
		{"its verb, project and name", shop(), staging.Deploy, "feature-login", true},
		{"reading one", shop(), auth.Read, "feature-login", true},
		{"reading the list", shop(), auth.Read, "", true},
		{"another verb", shop(), staging.Delete, "feature-login", false},
		{"another name", shop(), staging.Deploy, "main", false},
		{"a name that contains its name", shop(), staging.Deploy, "x-feature-login", false},
		{"reading another name", shop(), auth.Read, "main", false},
		{"no name", shop(), staging.Deploy, "", false},
		{"another project", other, staging.Deploy, "feature-login", false},
		{"reading another project", other, auth.Read, "", false},
	} {
		err := auth.Check(tt.project, token, tt.verb, tt.staging)
		if (err == nil) != tt.want || err != nil && staging.CodeOf(err) != staging.CodeForbidden {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if role := auth.Role(other, token); role != project.RoleNone {
		t.Errorf("role %s in another project", role)
	}
}

// A token that is limited to names moves no default image, and no staging that follows
// it, unless its verbs say so.
func TestNamesWithoutVerbsReachNoOtherStaging(t *testing.T) {
	for _, tt := range []struct {
		names []string
		verbs []staging.Verb
		want  bool
	}{
		{nil, nil, true},
		{[]string{"*"}, nil, true},
		{[]string{"nightly-*"}, nil, false},
		{[]string{"nightly-*"}, []staging.Verb{staging.Deploy}, false},
		{[]string{"nightly-*"}, []staging.Verb{auth.SetDefault, auth.Follow}, true},
	} {
		scope := &auth.Scope{Role: project.RoleUser, Verbs: tt.verbs, Names: tt.names}
		for _, verb := range []staging.Verb{auth.SetDefault, auth.Follow} {
			if got := scope.Allows(verb, "shop", "nightly-z"); got != tt.want {
				t.Errorf("names %v, verbs %v, %s: %v", tt.names, tt.verbs, verb, got)
			}
		}
	}
}

// A token has its own role, not its owner's, and octopod.yaml does not change it.
func TestTokenHasItsOwnRole(t *testing.T) {
	secret, hash := auth.NewToken()
	h := open(t, func(url string) auth.Config {
		c := withToken(hash, time.Now().Add(time.Hour))(url)
		c.Tokens[0].Email, c.Tokens[0].Scope = "ada@example.com", auth.Scope{Role: project.RoleViewer}
		return c
	})
	token := h.program(t).bearing(secret).get(h.URL + "/").identity(t)
	if role := auth.Role(shop(), token); role != project.RoleViewer {
		t.Errorf("role %s", role)
	}
	if err := auth.Check(shop(), token, staging.Deploy, "x"); staging.CodeOf(err) != staging.CodeForbidden {
		t.Errorf("a token with the role viewer deploys: %v", err)
	}
}

// Each role allows its verbs and no others.
func TestRoleEscalation(t *testing.T) {
	person := func(groups ...string) auth.Identity {
		return auth.Identity{Method: auth.MethodSession, Subject: "x", Groups: groups, Person: staging.Person{Name: "X"}}
	}
	closed := shop()
	closed.Spec.Access.Everyone = project.RoleNone
	for _, tt := range []struct {
		name     string
		project  *project.Project
		identity auth.Identity
		verb     staging.Verb
		want     staging.Code
	}{
		{"stranger", shop(), auth.Identity{}, auth.Read, staging.CodeUnauthorized},
		{"stranger with the groups of a lead", shop(), auth.Identity{Groups: []string{"leads"}}, auth.Read, staging.CodeUnauthorized},
		{"everybody reads", shop(), person(), auth.Read, ""},
		{"everybody changes", shop(), person(), staging.Set, staging.CodeForbidden},
		{"outsider of a closed project reads", closed, person(), auth.Read, staging.CodeForbidden},
		{"tester changes", shop(), person("testers"), staging.Set, ""},
		{"tester regenerates", shop(), person("testers"), staging.Regenerate, staging.CodeForbidden},
		{"lead regenerates", shop(), person("leads"), staging.Regenerate, ""},
		{"a token with an unknown role", shop(), auth.Identity{Method: auth.MethodToken, Scope: &auth.Scope{Role: "root"}}, auth.Read, staging.CodeForbidden},
		{"person at this machine", closed, auth.Identity{Method: auth.MethodNone}, staging.Regenerate, ""},
	} {
		err := auth.Check(tt.project, tt.identity, tt.verb, "feature-login")
		if got := codeOf(err); got != tt.want {
			t.Errorf("%s: %v, want code %q", tt.name, err, tt.want)
		}
	}
}

func codeOf(err error) staging.Code {
	if err == nil {
		return ""
	}
	return staging.CodeOf(err)
}

func TestWritesAreLimited(t *testing.T) {
	secret, hash := auth.NewToken()
	other, otherHash := auth.NewToken()
	h := open(t, func(url string) auth.Config {
		c := withToken(hash, time.Now().Add(time.Hour))(url)
		c.Tokens = append(c.Tokens, auth.Token{Name: "other", Hash: otherHash, Expires: time.Now().Add(time.Hour), Scope: auth.Scope{Role: project.RoleUser}})
		c.Limits.Writes = 2
		return c
	})
	writer := h.program(t).bearing(secret)
	for range 2 {
		if got := writer.do(http.MethodPost, h.URL+"/x"); got.StatusCode != http.StatusOK {
			t.Fatalf("status %s", got.Status)
		}
	}
	writer.do(http.MethodPost, h.URL+"/x").assertProblem(t, http.StatusTooManyRequests)
	writer.get(h.URL + "/").identity(t) // reads have no limit
	if got := h.program(t).bearing(other).do(http.MethodPost, h.URL+"/x"); got.StatusCode != http.StatusOK {
		t.Errorf("one identity uses up another's limit: %s", got.Status)
	}
	attempts := h.refusals()
	if len(attempts) != 1 || attempts[0].Subject != "token:ci-shop" || attempts[0].Request != "POST /x" {
		t.Errorf("audit log: %+v", attempts)
	}
}
