package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"octopod/generator/staging"
)

// atlassian signs people in with an OAuth 2.0 (3LO) app. Atlassian has no OpenID
// Connect for these, and documents neither PKCE nor a nonce: the state alone ties
// the response to the browser.
//
//	https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
//	https://developer.atlassian.com/cloud/oauth/getting-started/making-calls-to-api
//	https://developer.atlassian.com/cloud/oauth/getting-started/faq (the User Identity API)
type atlassian struct {
	config   Atlassian
	secret   secretString
	callback string
	client   *http.Client
}

// Base URLs of Atlassian.
const (
	atlassianAuth = "https://auth.atlassian.com"
	atlassianAPI  = "https://api.atlassian.com"
)

func (a *atlassian) title() string { return "Atlassian" }

func (a *atlassian) authorize(_ context.Context, f flow) (string, error) {
	return atlassianAuth + "/authorize?" + url.Values{
		"audience": {"api.atlassian.com"}, "client_id": {a.config.Client.ID}, "scope": {"read:me read:jira-user"},
		"redirect_uri": {a.callback}, "state": {f.State}, "response_type": {"code"}, "prompt": {"consent"},
	}.Encode(), nil
}

func (a *atlassian) redeem(ctx context.Context, code string, _ flow) (Identity, error) {
	token, err := a.exchange(ctx, code)
	if isStatus(err, http.StatusForbidden) || isStatus(err, http.StatusBadRequest) {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "Atlassian does not accept the sign-in: it took too long or was used before").
			WithHint("sign in again").Because(err)
	}
	if err == nil {
		ctx := context.WithValue(ctx, oauth2.HTTPClient, a.client)
		var identity Identity
		identity, err = a.person(ctx, oauth2.NewClient(ctx, oauth2.StaticTokenSource(token)))
		if err == nil || staging.CodeOf(err) != staging.CodeInternal {
			return identity, err
		}
	}
	return Identity{}, staging.Errorf(staging.CodeUnavailable, "Atlassian did not complete the sign-in").
		WithHint("try again in a minute; an operator finds the cause in the log").Because(err)
}

// exchange requests a token with JSON, as documented; golang.org/x/oauth2 would send
// a form.
func (a *atlassian) exchange(ctx context.Context, code string) (*oauth2.Token, error) {
	body, err := json.Marshal(map[string]string{
		"grant_type": "authorization_code", "client_id": a.config.Client.ID, "client_secret": string(a.secret),
		"code": code, "redirect_uri": a.callback,
	})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, atlassianAuth+"/oauth/token", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	token := &oauth2.Token{}
	return token, send(a.client, request, token)
}

func (a *atlassian) person(ctx context.Context, client *http.Client) (Identity, error) {
	var me struct {
		ID     string `json:"account_id"`
		Status string `json:"account_status"`
		Name   string
		Email  string
	}
	if err := fetch(ctx, client, atlassianAPI+"/me", &me); err != nil {
		return Identity{}, err
	}
	groups, err := a.groups(ctx, client)
	if err != nil {
		return Identity{}, err
	}
	if len(groups) == 0 || me.Status != "active" {
		return Identity{}, staging.Errorf(staging.CodeForbidden, "%s has no access to %s", me.Name, strings.Join(a.config.Sites, " or ")).
			WithHint("choose that site when Atlassian asks, or ask its administrator to invite you")
	}
	return Identity{
		Person: staging.Person{Name: me.Name, Email: me.Email}, Subject: "atlassian:" + me.ID, Groups: groups, Method: MethodSession,
	}, nil
}

// groups returns the person's sites that the configuration lists, and the person's
// groups on them.
func (a *atlassian) groups(ctx context.Context, client *http.Client) ([]string, error) {
	var resources []struct{ ID, URL string }
	if err := fetch(ctx, client, atlassianAPI+"/oauth/token/accessible-resources", &resources); err != nil {
		return nil, err
	}
	var groups []string
	for _, resource := range resources {
		site := strings.TrimPrefix(resource.URL, "https://")
		if !slices.Contains(a.config.Sites, site) || slices.Contains(groups, site) { // listed once for each product
			continue
		}
		names, err := siteGroups(ctx, client, resource.ID)
		if err != nil {
			return nil, err
		}
		groups = append(groups, site)
		for _, name := range names {
			groups = append(groups, site+"/"+name)
		}
	}
	return groups, nil
}

// siteGroups requests the person's groups from Jira; not every site has Jira.
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/
func siteGroups(ctx context.Context, client *http.Client, cloud string) (names []string, err error) {
	var myself struct {
		Groups struct{ Items []struct{ Name string } }
	}
	err = fetch(ctx, client, atlassianAPI+"/ex/jira/"+url.PathEscape(cloud)+"/rest/api/3/myself?expand=groups", &myself)
	if isStatus(err, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound) {
		return nil, nil
	}
	for _, item := range myself.Groups.Items {
		names = append(names, item.Name)
	}
	return names, err
}
