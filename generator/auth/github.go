package auth

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/oauth2"

	"octopod/generator/staging"
)

// gitHub signs people in with an OAuth app of GitHub or GitHub Enterprise Server.
type gitHub struct {
	config GitHub
	oauth  oauth2.Config
	client *http.Client
	api    string
}

// newGitHub returns the provider for github.com or an Enterprise Server:
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
func newGitHub(c GitHub, secret secretString, callback string, client *http.Client) *gitHub {
	base, api := strings.TrimSuffix(c.URL, "/"), "https://api.github.com"
	if base != "https://github.com" {
		api = base + "/api/v3"
	}
	return &gitHub{config: c, client: client, api: api, oauth: oauth2.Config{
		ClientID: c.Client.ID, ClientSecret: string(secret), RedirectURL: callback,
		Scopes: []string{"read:user", "user:email", "read:org"},
		Endpoint: oauth2.Endpoint{
			AuthURL: base + "/login/oauth/authorize", TokenURL: base + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams,
		},
	}}
}

func (g *gitHub) title() string { return "GitHub" }

func (g *gitHub) authorize(_ context.Context, f flow) (string, error) {
	return g.oauth.AuthCodeURL(f.State, oauth2.S256ChallengeOption(f.Verifier)), nil
}

func (g *gitHub) redeem(ctx context.Context, code string, f flow) (Identity, error) {
	ctx = context.WithValue(ctx, oauth2.HTTPClient, g.client)
	token, err := g.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, exchangeFailed(err)
	}
	identity, err := g.person(ctx, g.oauth.Client(ctx, token))
	if err != nil && staging.CodeOf(err) == staging.CodeInternal {
		return Identity{}, staging.Errorf(staging.CodeUnavailable, "cannot read the signed-in user from GitHub").
			WithHint("try again in a minute; an operator finds the cause in the log").Because(err)
	}
	return identity, err
}

func (g *gitHub) person(ctx context.Context, client *http.Client) (Identity, error) {
	var user struct {
		ID          int64
		Login, Name string
	}
	if err := fetch(ctx, client, g.api+"/user", &user); err != nil {
		return Identity{}, err
	}
	email, err := g.email(ctx, client)
	if err != nil {
		return Identity{}, err
	}
	groups, err := g.groups(ctx, client)
	if err != nil {
		return Identity{}, err
	}
	if len(groups) == 0 {
		return Identity{}, staging.Errorf(staging.CodeForbidden, "%s is not a member of %s", user.Login, strings.Join(g.config.Organizations, " or ")).
			WithHint("accept the organisation's invitation, and ask an owner to grant this app access")
	}
	if user.Name == "" {
		user.Name = user.Login
	}
	return Identity{
		Person: staging.Person{Name: user.Name, Email: email}, Subject: "github:" + strconv.FormatInt(user.ID, 10),
		Groups: groups, Method: MethodSession,
	}, nil
}

// email returns the primary address if GitHub has verified it, or "".
func (g *gitHub) email(ctx context.Context, client *http.Client) (string, error) {
	var addresses []struct {
		Email             string
		Primary, Verified bool
	}
	if err := fetch(ctx, client, g.api+"/user/emails", &addresses); err != nil {
		return "", err
	}
	for _, address := range addresses {
		if address.Primary && address.Verified {
			return address.Email, nil
		}
	}
	return "", nil
}

// groups returns the person's organisations that the configuration lists, and the
// person's teams in them.
func (g *gitHub) groups(ctx context.Context, client *http.Client) ([]string, error) {
	var groups []string
	for _, organization := range g.config.Organizations {
		var membership struct{ State string }
		err := fetch(ctx, client, g.api+"/user/memberships/orgs/"+url.PathEscape(organization), &membership)
		switch {
		case isStatus(err, http.StatusNotFound, http.StatusForbidden): // not a member; or the organisation refuses this app
		case err != nil:
			return nil, err
		case membership.State == "active":
			groups = append(groups, organization)
		}
	}
	if len(groups) == 0 {
		return nil, nil
	}
	teams, err := g.teams(ctx, client, groups)
	return append(groups, teams...), err
}

// maxPages bounds the teams to read: a page has a hundred.
const maxPages = 10

func (g *gitHub) teams(ctx context.Context, client *http.Client, organizations []string) (names []string, err error) {
	for page := 1; page <= maxPages; page++ {
		var teams []struct {
			Slug         string
			Organization struct{ Login string }
		}
		if err := fetch(ctx, client, fmt.Sprintf("%s/user/teams?per_page=100&page=%d", g.api, page), &teams); err != nil {
			return nil, err
		}
		for _, team := range teams {
			for _, organization := range organizations {
				if strings.EqualFold(team.Organization.Login, organization) {
					names = append(names, organization+"/"+team.Slug)
				}
			}
		}
		if len(teams) < 100 {
			break
		}
	}
	return names, nil
}
