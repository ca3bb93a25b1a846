package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// mostToken bounds what is looked at; the tokens of GitHub and GitLab have 2 KB.
const mostToken = 16 << 10

// issuer is a CI system that this server believes.
type issuer struct {
	Issuer
	*discovery
}

// ciToken gives the identity of a CI run. Who sends forged tokens makes us
// ask the issuer for new keys each time, and so is held back after a few.
func (a *Auth) ciToken(ctx context.Context, bucket, raw string) (Identity, error) {
	known := a.issuers[claimedIssuer(raw)]
	if known == nil {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the bearer token is neither an API token nor from a CI system known here").
			WithHint("API tokens begin with %s; CI systems are listed in the server's configuration under auth.ci", tokenPrefix)
	}
	if wait := a.failures.empty(bucket, a.options.Now()); wait > 0 {
		return Identity{}, tooMany{wait}
	}
	provider, err := known.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: known.Audience, Now: a.options.Now}).Verify(ctx, raw)
	if err != nil {
		if !errors.As(err, new(*oidc.TokenExpiredError)) {
			a.failures.take(bucket, a.options.Now())
		}
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the token of the CI run is not valid").
			WithHint("it must be fresh and made for the audience %s", known.Audience).Because(err)
	}
	claims := claims{}
	if err := token.Claims(&claims); err != nil {
		return Identity{}, err
	}
	return known.identity(token, claims)
}

// claimedIssuer reads who a token says it is from, to know whose keys to try.
func claimedIssuer(raw string) string {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || len(raw) > mostToken {
		return ""
	}
	var body struct {
		Issuer string `json:"iss"`
	}
	if data, err := base64.RawURLEncoding.DecodeString(parts[1]); err != nil || json.Unmarshal(data, &body) != nil {
		return ""
	}
	return body.Issuer
}

func (i *issuer) identity(token *oidc.IDToken, claims claims) (Identity, error) {
	for _, rule := range i.Rules {
		if rule.meets(token.Subject, claims) {
			return Identity{
				Person: runOf(token, claims), Subject: token.Subject, Method: MethodCI,
				Scope: &rule.Scope, Expires: token.Expiry,
			}, nil
		}
	}
	return Identity{}, staging.Errorf(staging.CodeForbidden, "no rule lets in the CI run %s", printable(token.Subject)).
		WithHint("rules are in the server's configuration under auth.ci")
}

func (r Rule) meets(subject string, claims claims) bool {
	for name, pattern := range r.Claims {
		if text, ok := claims.text(name); !ok || !project.Glob(pattern, text) {
			return false
		}
	}
	return project.Glob(r.Subject, subject)
}

// runOf names the author of what a run commits: the person who started it, in
// the words of GitHub (actor) or GitLab (user_login), or else the run itself.
func runOf(token *oidc.IDToken, claims claims) staging.Person {
	actor, _ := claims.text("actor")
	login, _ := claims.text("user_login")
	email, _ := claims.text("user_email")
	if id, ok := claims.text("actor_id"); ok && actor != "" {
		email = id + "+" + actor + "@users.noreply.github.com"
	}
	for _, name := range []string{actor, login, token.Subject} {
		if name != "" {
			return staging.Person{Name: printable(name), Email: printable(email)}
		}
	}
	return staging.Person{}
}
