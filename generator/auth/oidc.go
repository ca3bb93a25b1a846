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

// discovery learns the endpoints and keys of an issuer when they are first
// needed: a server starts while its provider is down.
type discovery struct {
	address string
	client  *http.Client
	found   atomic.Pointer[oidc.Provider]
	asking  singleflight.Group
}

func (d *discovery) discover(ctx context.Context) (*oidc.Provider, error) {
	if provider := d.found.Load(); provider != nil {
		return provider, nil
	}
	_, err, _ := d.asking.Do("", func() (any, error) {
		// Others wait for the same answer, so that this request's end is not theirs.
		provider, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), d.client), d.address)
		if err == nil {
			d.found.Store(provider)
		}
		return nil, err
	})
	if err != nil {
		return nil, staging.Errorf(staging.CodeUnavailable, "%s does not answer as a provider of OpenID Connect", d.address).
			WithHint("try again in a minute; an operator finds the cause in the log").Because(err)
	}
	return d.found.Load(), nil
}

// openID signs people in with OpenID Connect: code, PKCE, state and nonce.
type openID struct {
	*discovery
	config   OIDC
	callback string
	secret   hidden
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

// scopes are those of the configuration, or what a sign-in needs. Some providers
// refuse to sign in for a scope that they do not know.
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
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the provider's answer does not belong to this sign-in").
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
		return nil, errors.New("there is no ID token in it: is the scope openid missing")
	}
	proof, err := provider.Verifier(&oidc.Config{ClientID: o.config.Client.ID, Now: o.options.Now}).Verify(ctx, raw)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(proof.Nonce), []byte(f.Nonce)) != 1 {
		return nil, errors.New("its nonce is another one")
	}
	if proof.AccessTokenHash != "" {
		return proof, proof.VerifyAccessToken(token.AccessToken)
	}
	return proof, nil
}

// claims are those of the ID token. Some providers keep it small and tell the
// address and the groups only when asked again.
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
		return nil, staging.Errorf(staging.CodeUnavailable, "%s does not tell about the person who signed in", o.title()).Because(err)
	}
	if info.Subject != proof.Subject {
		return nil, staging.Errorf(staging.CodeUnauthorized, "%s tells about another person than who signed in", o.title())
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

// exchangeFailed tells a code that is no good from a provider that is not.
func exchangeFailed(err error) error {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && (refused.ErrorCode == "invalid_grant" || refused.ErrorCode == "bad_verification_code") {
		return staging.Errorf(staging.CodeUnauthorized, "the provider does not accept the sign-in: it took too long or was used before").
			WithHint("sign in again").Because(err)
	}
	return staging.Errorf(staging.CodeUnavailable, "the provider did not complete the sign-in").
		WithHint("try again in a minute; an operator finds the cause in the log").Because(err)
}

// claims are what an issuer says of somebody.
type claims map[string]any

// text gives a claim as text, also where the issuer made it a number or a bool.
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

// list gives a claim that is a list of texts, or one text.
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
