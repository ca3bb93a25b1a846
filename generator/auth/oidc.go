package auth

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"

	"octopod/generator/staging"
)

// discovery fetches the endpoints and keys of an issuer on first use, so that a
// server can start while its provider is down.
type discovery struct {
	address  string
	client   *http.Client
	found    atomic.Pointer[oidc.Provider]
	fetching singleflight.Group
}

func (d *discovery) discover(ctx context.Context) (*oidc.Provider, error) {
	if provider := d.found.Load(); provider != nil {
		return provider, nil
	}
	_, err, _ := d.fetching.Do("", func() (any, error) {
		// Other requests wait for the same fetch, so cancelling this request must not end it.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), d.client), d.address)
		if err == nil {
			d.found.Store(provider)
		}
		return nil, err
	})
	if err != nil {
		return nil, staging.Errorf(staging.CodeUnavailable, "%s does not respond as a provider of OpenID Connect", d.address).
			WithHint("try again in a minute; an operator finds the cause in the log").Because(err)
	}
	return d.found.Load(), nil
}

// openID signs people in with OpenID Connect: code, PKCE, state and nonce.
type openID struct {
	*discovery
	config   OIDC
	callback string
	secret   secretString
	options  Options
}

func (o *openID) title() string {
	if o.config.Title != "" {
		return o.config.Title
	}
	u, _ := url.Parse(o.config.Issuer) // New has checked it
	return u.Host
}

func (o *openID) client(provider *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.config.Client.ID, ClientSecret: string(o.secret), Endpoint: provider.Endpoint(),
		RedirectURL: o.callback, Scopes: o.scopes(provider),
	}
}

// scopes returns the configured scopes, or the ones a sign-in needs. Some providers
// reject a sign-in with a scope that they do not know.
func (o *openID) scopes(provider *oidc.Provider) []string {
	if len(o.config.Scopes) > 0 {
		return o.config.Scopes
	}
	scopes := []string{oidc.ScopeOpenID, "profile", "email"}
	var offered struct {
		Scopes []string `json:"scopes_supported"`
	}
	if err := provider.Claims(&offered); err == nil && slices.Contains(offered.Scopes, "groups") {
		scopes = append(scopes, "groups")
	}
	return scopes
}

func (o *openID) authorize(ctx context.Context, f flow) (string, error) {
	provider, err := o.discover(ctx)
	if err != nil {
		return "", err
	}
	return o.client(provider).AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), nil
}

func (o *openID) redeem(ctx context.Context, code string, f flow) (Identity, error) {
	provider, err := o.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, o.options.Client)
	token, err := o.client(provider).Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, exchangeFailed(err)
	}
	proof, err := o.verify(ctx, provider, token, f)
	if err != nil {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the provider's response does not belong to this sign-in").
			WithHint("sign in again").Because(err)
	}
	claims, err := o.claims(ctx, provider, token, proof)
	if err != nil {
		return Identity{}, err
	}
	return o.identity(proof.Subject, claims), nil
}

func (o *openID) verify(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, f flow) (*oidc.IDToken, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, errors.New("the response has no ID token: add the scope openid")
	}
	proof, err := provider.Verifier(&oidc.Config{ClientID: o.config.Client.ID, Now: o.options.Now}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(proof.Nonce), []byte(f.Nonce)) != 1 {
		return nil, errors.New("the ID token has another nonce")
	}
	if proof.AccessTokenHash != "" {
		return proof, proof.VerifyAccessToken(token.AccessToken)
	}
	return proof, nil
}

// claims returns the claims of the ID token, completed from the user info endpoint:
// some providers leave the mail address and the groups out of the ID token.
func (o *openID) claims(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, proof *oidc.IDToken) (claims, error) {
	all := claims{}
	if err := proof.Claims(&all); err != nil {
		return nil, err
	}
	if all["email"] != nil && all[o.config.GroupsClaim] != nil || provider.UserInfoEndpoint() == "" {
		return all, nil
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return nil, staging.Errorf(staging.CodeUnavailable, "cannot read the signed-in user from %s", o.title()).Because(err)
	}
	if info.Subject != proof.Subject {
		return nil, staging.Errorf(staging.CodeUnauthorized, "%s returned the user info of another person", o.title())
	}
	more := claims{}
	if err := info.Claims(&more); err != nil {
		return nil, err
	}
	for name, value := range more {
		if all[name] == nil {
			all[name] = value
		}
	}
	return all, nil
}

func (o *openID) identity(subject string, claims claims) Identity {
	identity := Identity{Subject: subject, Method: MethodSession, Groups: claims.list(o.config.GroupsClaim)}
	if verified, told := claims.text("email_verified"); !told || verified == "true" {
		identity.Person.Email, _ = claims.text("email")
	}
	name, _ := claims.text("name")
	login, _ := claims.text("preferred_username")
	for _, name := range []string{name, login, identity.Person.Email, subject} {
		if name != "" {
			identity.Person.Name = name
			break
		}
	}
	return identity
}

// exchangeFailed returns the error of a failed code exchange: an invalid code is the
// person's to retry, anything else is a fault of the provider.
func exchangeFailed(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && (refused.ErrorCode == "invalid_grant" || refused.ErrorCode == "bad_verification_code") {
		return staging.Errorf(staging.CodeUnauthorized, "the provider does not accept the sign-in: it took too long or was used before").
			WithHint("sign in again").Because(err)
	}
	return staging.Errorf(staging.CodeUnavailable, "the provider did not complete the sign-in").
		WithHint("try again in a minute; an operator finds the cause in the log").Because(err)
}

// claims are the claims of an ID token or of the user info.
type claims map[string]any

// text returns a claim as text, even if the issuer sent a number or a bool.
func (c claims) text(name string) (string, bool) {
	switch value := c[name].(type) {
	case string:
		return value, true
	case bool:
		return fmt.Sprint(value), true
	case float64:
		text, _ := json.Marshal(value) // 12345678, not 1.2345678e+07
		return string(text), true
	}
	return "", false
}

// list returns a claim that is a list of texts, or one text.
func (c claims) list(name string) (list []string) {
	if one, ok := c[name].(string); ok && one != "" {
		return []string{one}
	}
	many, _ := c[name].([]any)
	for _, item := range many {
		if text, ok := item.(string); ok && text != "" {
			list = append(list, text)
		}
	}
	return list
}
