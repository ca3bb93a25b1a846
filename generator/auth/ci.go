package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// maxToken bounds the size of a CI token; the tokens of GitHub and GitLab have 2 KB.
const maxToken = 16 << 10

// issuer is a CI system whose tokens this server accepts.
type issuer struct {
	Issuer
	*discovery
}

// ciToken returns the identity of a CI run. Each forged token makes the server fetch
// the issuer's keys, so it rejects an address after a few of them.
func (a *Auth) ciToken(ctx context.Context, bucket, raw string) (Identity, error) {
	known := a.issuers[claimedIssuer(raw)]
	if known == nil {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the bearer token is neither an API token nor from a configured CI system").
			WithHint("API tokens begin with %s; CI systems are listed in the server's configuration under auth.ci", tokenPrefix)
	}
	if wait := a.failures.delay(bucket, a.options.Now()); wait > 0 {
		return Identity{}, rateLimited{wait}
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
			WithHint("request a new token with the audience %s in the run", known.Audience).Because(err)
	}
	claims := claims{}
	if err := token.Claims(&claims); err != nil {
		return Identity{}, err
	}
	return known.identity(token, claims)
}

// claimedIssuer returns the issuer that an unverified token names, to choose the keys
// that verify it.
func claimedIssuer(raw string) string {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || len(raw) > maxToken {
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
		if rule.matches(token.Subject, claims) {
			return Identity{
				Person: ciAuthor(token, claims), Subject: token.Subject, Method: MethodCI,
				Scope: &rule.Scope, Origin: i.origin(claims, rule.Bind), Expires: token.Expiry,
			}, nil
		}
	}
	return Identity{}, staging.Errorf(staging.CodeForbidden, "no rule allows the CI run %s", printable(token.Subject)).
		WithHint("add a rule to the server's configuration under auth.ci")
}

func (r Rule) matches(subject string, claims claims) bool {
	for name, pattern := range r.Claims {
		if text, ok := claims.text(name); !ok || !project.Glob(pattern, text) {
			return false
		}
	}
	return project.Glob(r.Subject, subject)
}

// ciAuthor returns the author of a run's commits: the person who started it, from the
// claims of GitHub (actor) or GitLab (user_login), or else the run itself.
func ciAuthor(token *oidc.IDToken, claims claims) staging.Person {
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

// origin returns the source of a run from the claims of GitHub or GitLab. Without
// them, the origin has no repository, and a bound run may write nothing.
func (i Issuer) origin(c claims, binding project.Binding) *project.RunOrigin {
	text := func(name string) string { value, _ := c.text(name); return value }
	o := &project.RunOrigin{Binding: binding, Event: text("event_name"), Commit: text("sha")}
	switch repository, path := text("repository"), text("project_path"); {
	case repository != "":
		o.Repository, o.Branch = i.host()+"/"+repository, githubBranch(o.Event, text("ref"), text("head_ref"))
	case path != "":
		o.Repository, o.Event = i.host()+"/"+path, text("pipeline_source")
		if text("ref_type") == "branch" {
			o.Branch = text("ref")
		}
	}
	if slices.Contains(mergeEvents, o.Event) {
		o.Commit = ""
	}
	return o
}

// mergeEvents start runs whose commit may be a merge that no branch has.
var mergeEvents = []string{"pull_request", "merge_request_event"}

// host returns the host of the forge: GitHub issues tokens at token.actions.….
func (i Issuer) host() string {
	u, err := url.Parse(i.Issuer)
	if err != nil {
		return ""
	}
	if u.Host == "token.actions.githubusercontent.com" {
		return "github.com"
	}
	return strings.TrimPrefix(u.Host, "token.actions.")
}

// githubBranch returns the branch of a run of GitHub Actions: of a pull request its head.
// With pull_request_target anybody can choose the name of the head, so there is none.
func githubBranch(event, ref, head string) string {
	switch event {
	case "pull_request":
		return head
	case "pull_request_target":
		return ""
	}
	branch, found := strings.CutPrefix(ref, "refs/heads/")
	if !found {
		return ""
	}
	return branch
}
