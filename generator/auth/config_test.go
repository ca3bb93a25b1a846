package auth_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

const address = "https://octopod.example.com"

func getenv(name string) string { return environment[name] }

func TestConfigFaults(t *testing.T) {
	_, hash := auth.NewToken()
	secret, _ := auth.NewToken()
	keys, client := auth.Session{Keys: auth.Secret{Env: "SESSION_KEYS"}}, auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}}
	oidc := func(issuer string) auth.Config {
		return auth.Config{Mode: auth.ModeOIDC, Session: keys, OIDC: auth.OIDC{Issuer: issuer, Client: client}}
	}
	token := func(change func(*auth.Token)) auth.Config {
		good := auth.Token{Name: "a", Hash: hash, Expires: time.Now().Add(time.Hour), Scope: auth.Scope{Role: project.RoleUser}}
		change(&good)
		return auth.Config{Tokens: []auth.Token{good}}
	}
	ci := func(issuer, subject string) auth.Config {
		return auth.Config{CI: []auth.Issuer{{Issuer: issuer, Rules: []auth.Rule{{Subject: subject, Scope: auth.Scope{Role: project.RoleUser}}}}}}
	}
	bound := func(b project.Binding) auth.Config {
		c := ci("https://gitlab.example.com", "acme/*")
		c.CI[0].Audience, c.CI[0].Rules[0].Bind = address, b
		return c
	}
	const actions = "https://token.actions.githubusercontent.com"
	for _, tt := range []struct {
		name   string
		config auth.Config
		fields string // separated by blanks; "" for a valid configuration
	}{
		{"nothing", auth.Config{}, ""},
		{"an unknown mode", auth.Config{Mode: "ldap"}, "auth.mode"},
		{"header mode that trusts no proxy", auth.Config{Mode: auth.ModeHeader}, "auth.proxies"},
		{"header mode that trusts every address", auth.Config{Mode: auth.ModeHeader, Proxies: []string{"0.0.0.0/0"}}, "auth.proxies"},
		{"an address instead of a network", auth.Config{Mode: auth.ModeHeader, Proxies: []string{"10.0.0.2"}}, "auth.proxies"},
		{"unprotected sign-in", auth.Config{Mode: auth.ModeHeader, Proxies: []string{"10.0.0.2/32"}, Unprotected: true}, "auth.unprotected"},
		{"a name of a branch for a token", token(func(t *auth.Token) { t.Names = []string{"{name}"} }), "auth.tokens[0].names[0]"},
		{"an unknown binding", bound("repo"), "auth.ci[0].rules[0].bind"},
		{"no binding", bound(project.BindNone), ""},
		{"oidc", oidc("https://sso.example.com"), ""},
		{"oidc over plain http", oidc("http://sso.example.com"), "auth.oidc.issuer"},
		{"oidc where everybody has an account", oidc("https://accounts.google.com"), "auth.allow"},
		{"oidc with nothing", auth.Config{Mode: auth.ModeOIDC}, "auth.session.keys auth.oidc.issuer auth.oidc.client.id auth.oidc.client.secret"},
		{"github without organisation", auth.Config{Mode: auth.ModeGitHub, Session: keys, GitHub: auth.GitHub{Client: client}}, "auth.github.organizations"},
		{"atlassian without site", auth.Config{Mode: auth.ModeAtlassian, Session: keys, Atlassian: auth.Atlassian{Client: client}}, "auth.atlassian.sites"},
		{"a secret with two places", auth.Config{Mode: auth.ModeAtlassian, Session: auth.Session{Keys: auth.Secret{Env: "A", File: "B"}},
			Atlassian: auth.Atlassian{Client: client, Sites: []string{"acme.atlassian.net"}}}, "auth.session.keys"},
		{"token", token(func(*auth.Token) {}), ""},
		{"token without expiry", token(func(t *auth.Token) { t.Expires = time.Time{} }), "auth.tokens[0].expires"},
		{"token in plain text", token(func(t *auth.Token) { t.Hash = secret }), "auth.tokens[0].hash"},
		{"token with half a hash", token(func(t *auth.Token) { t.Hash = hash[:30] }), "auth.tokens[0].hash"},
		{"token with more than a hash", token(func(t *auth.Token) { t.Hash += "00" }), "auth.tokens[0].hash"},
		{"token without role", token(func(t *auth.Token) { t.Role = "" }), "auth.tokens[0].role"},
		{"token with an unknown verb", token(func(t *auth.Token) { t.Verbs = []staging.Verb{"deploy", "destroy"} }), "auth.tokens[0].verbs[1]"},
		{"the same token twice", auth.Config{Tokens: append(token(func(*auth.Token) {}).Tokens, token(func(*auth.Token) {}).Tokens...)},
			"auth.tokens[1].name auth.tokens[1].hash"},
		{"ci", ci(actions, "repo:acme/*"), ""},
		{"ci of everybody", ci(actions, "*"), "auth.ci[0].rules[0].subject"},
		{"ci of every repository", ci(actions, "repo:*"), "auth.ci[0].rules[0].subject"},
		{"ci of owners with a common prefix", ci(actions, "repo:acme*/shop:*"), "auth.ci[0].rules[0].subject"},
		{"ci without a subject", ci("https://ci.example.com", ""), "auth.ci[0].rules[0].subject"},
		{"ci without rules", auth.Config{CI: []auth.Issuer{{Issuer: actions}}}, "auth.ci[0].rules"},
		{"a pattern instead of a mail address", auth.Config{Allow: project.Members{Emails: []string{"*"}}}, "auth.allow.emails[0]"},
		{"negative limits", auth.Config{Limits: auth.Limits{Writes: -1}}, "auth.limits"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := auth.New(tt.config, auth.Options{URL: address, Getenv: getenv})
			var fields []string
			for _, problem := range staging.ProblemsOf(err) {
				fields = append(fields, problem.Field)
			}
			if got := strings.Join(fields, " "); got != tt.fields || (err == nil) != (tt.fields == "") {
				t.Errorf("problems in %q, want %q: %v", got, tt.fields, err)
			}
		})
	}
}

// Browsers send the cookies over https only, so sign-in needs https.
func TestSignInNeedsHTTPS(t *testing.T) {
	config := auth.Config{Mode: auth.ModeOIDC, Session: auth.Session{Keys: auth.Secret{Env: "SESSION_KEYS"}},
		OIDC: auth.OIDC{Issuer: "https://sso.example.com", Client: auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}}}}
	for url, ok := range map[string]bool{
		address: true, address + "/": true, "http://localhost:8080": true, "http://127.0.0.1:8080": true,
		"": false, "http://octopod.example.com": false, "octopod.example.com": false, address + "/sub": false,
	} {
		if _, err := auth.New(config, auth.Options{URL: url, Getenv: getenv}); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestSecretsAreRead(t *testing.T) {
	dir := t.TempDir()
	config := func(keys auth.Secret) auth.Config {
		return auth.Config{Mode: auth.ModeOIDC, Session: auth.Session{Keys: keys},
			OIDC: auth.OIDC{Issuer: "https://sso.example.com", Client: auth.Client{ID: "octopod", Secret: auth.Secret{Env: "CLIENT_SECRET"}}}}
	}
	for text, want := range map[string]string{
		firstKey: "", secondKey + "\n" + firstKey + "\n": "", "": "is empty", "\n": "is empty",
		"short": "openssl rand -base64 32", firstKey + "\nAAAA": "key 2",
	} {
		file := filepath.Join(dir, "keys")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := auth.New(config(auth.Secret{File: file}), auth.Options{URL: address, Getenv: getenv})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error()+staging.HintOf(err), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := auth.New(config(auth.Secret{File: filepath.Join(dir, "absent")}), auth.Options{URL: address, Getenv: getenv})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// No output and no log contains a secret.
func TestSecretsAreNotShown(t *testing.T) {
	i := newIssuer(t)
	secret, hash := auth.NewToken()
	h := open(t, withOIDC(i, func(c *auth.Config) {
		c.Tokens = withToken(hash, time.Now().Add(time.Hour))("").Tokens
	}))
	v := h.browser(t)
	v.get(h.URL + "/").identity(t)
	cookie := v.cookies(h)[sessionCookie]
	i.forge = func(c map[string]any) { c["nonce"] = "x" }
	h.browser(t).get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
	h.program(t).bearing(flip(secret, 20)).get(h.URL + "/")
	h.program(t).bearing(i.sign(i.run())).get(h.URL + "/")
	h.holding(t, flip(cookie, 5)).get(h.URL + "/")

	slog.New(slog.NewTextHandler(h, nil)).Info("auth", "auth", h.auth)
	attempts, err := json.Marshal(h.refusals())
	if err != nil {
		t.Fatal(err)
	}
	shown := h.log.String() + string(attempts) + fmt.Sprintf("%v %+v %#v", h.auth, h.auth, *h.auth)
	code := i.exchange[0].Get("code")
	for name, value := range map[string]string{
		"client secret": clientSecret, "key": firstKey, "token": secret[20:], "cookie": cookie[20:], "code": code,
		"verifier": i.exchange[0].Get("code_verifier"), "access token": `"access"`,
	} {
		if strings.Contains(shown, value) {
			t.Errorf("the output contains the %s", name)
		}
	}
	if !strings.Contains(shown, "grace-1") || len(h.refusals()) != 4 {
		t.Errorf("this test has no output to check: %d attempts, %s", len(h.refusals()), h.log)
	}
}

func TestHidden(t *testing.T) {
	secret := auth.SecretString(clientSecret)
	inside := struct{ Secret any }{secret}
	text, err := json.Marshal(inside)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "inside", inside)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "secret", secret, "inside", inside)
	shown := string(text) + log.String() + fmt.Sprintf("%v %s %q %+v %#v %x", secret, secret, secret, inside, inside, secret)
	if strings.Contains(shown, clientSecret) || strings.Contains(shown, hex.EncodeToString([]byte(clientSecret))) {
		t.Errorf("the output contains the secret: %s", shown)
	}
}

// The examples of the manual are valid configurations.
func TestExamplesOfTheManual(t *testing.T) {
	text, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(examples) < 6 {
		t.Fatalf("%d examples", len(examples))
	}
	seen := map[auth.Mode]bool{}
	for _, example := range examples {
		if strings.HasPrefix(example[1], "# octopod.yaml\n") {
			checkProjectExample(t, example[1])
			continue
		}
		var file struct {
			Auth auth.Config `yaml:"auth"`
		}
		if err := strictyaml.Decode("access.md", []byte(example[1]), &file); err != nil {
			t.Errorf("%v\n%s", err, example[1])
			continue
		}
		config := withTestSecrets(file.Auth)
		a, err := auth.New(config, auth.Options{URL: address, Getenv: getenv})
		if err != nil {
			t.Errorf("%v\n%s", err, example[1])
			continue
		}
		seen[a.Mode()] = true
	}
	for _, mode := range []auth.Mode{auth.ModeNone, auth.ModeOIDC, auth.ModeGitHub, auth.ModeAtlassian, auth.ModeHeader} {
		if !seen[mode] {
			t.Errorf("no example of mode %s", mode)
		}
	}
}

// withTestSecrets replaces the secrets of an example by those of this test.
func withTestSecrets(c auth.Config) auth.Config {
	c.Session.Keys = auth.Secret{Env: "SESSION_KEYS"}
	for _, client := range []*auth.Client{&c.OIDC.Client, &c.GitHub.Client, &c.Atlassian.Client} {
		client.Secret = auth.Secret{Env: "CLIENT_SECRET"}
	}
	return c
}

func checkProjectExample(t *testing.T, access string) {
	t.Helper()
	const head = "apiVersion: octopod.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\n"
	const rest = "  engine: kustomize\n  hosts: {baseDomain: staging.example.com}\n  services: {frontend: {host: \"{name}\"}}\n"
	p, err := project.Parse([]byte(head + access + rest))
	if err != nil {
		t.Errorf("%v\n%s", err, access)
		return
	}
	if p.Spec.Access.Admins.Empty() {
		t.Errorf("no admins in\n%s", access)
	}
}
