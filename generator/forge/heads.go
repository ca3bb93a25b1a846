package forge

import (
	"context"
	"strings"

	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// Forges lists the branches of the application's repositories. It sends a token
// to the host that the token is for, and to no other.
type Forges struct {
	envRepo string
	options gitstore.Options
	tokens  func() map[string]gitstore.Auth
	limiter *RateLimiter
}

// New returns the forges beside an env repo. The credentials in options go to the
// host of the env repo only. tokens returns the current credentials of further hosts; it
// may be nil.
func New(envRepo string, options gitstore.Options, tokens func() map[string]gitstore.Auth, limiter *RateLimiter) Forges {
	if tokens == nil {
		tokens = func() map[string]gitstore.Auth { return nil }
	}
	return Forges{envRepo: envRepo, options: options, tokens: tokens, limiter: limiter}
}

// Heads lists the branches of a repository. See Refs.
func (f Forges) Heads(ctx context.Context, repository string) (map[string]string, error) {
	known, err := f.Refs(ctx, repository)
	return known.Heads, err
}

// Refs lists the branches and pull requests of a repository as octopod.yaml
// names it: a path, an address, or host and path alone.
func (f Forges) Refs(ctx context.Context, repository string) (gitstore.Refs, error) {
	o, host, err := f.optionsOf(repository)
	if err != nil {
		return gitstore.Refs{}, err
	}
	if err := f.limiter.Allow(host); err != nil {
		return gitstore.Refs{}, err
	}
	known, err := gitstore.ListRefs(ctx, o)
	f.limiter.Observe(host, err)
	return known, err
}

// optionsOf returns how to reach a repository, and its host for the limiter.
func (f Forges) optionsOf(repository string) (o gitstore.Options, host string, err error) {
	u, err := f.resolve(repository)
	if err != nil {
		return o, "", staging.Errorf(staging.CodeInvalid, "the address of a repository in octopod.yaml cannot be read").Because(err)
	}
	o = f.options
	o.URL, o.Auth = u.String(), f.credentials(u)
	o.ReadPatience = -1 // the limiter decides when the next request may follow
	return o, u.HostPort(), nil
}

// credentials returns the credentials that belong to the host of u, and no others:
// the host's own token, else those of the env repo, else those in the address.
func (f Forges) credentials(u giturl.URL) gitstore.Auth {
	auth := f.options.Auth
	if env, err := giturl.Parse(f.envRepo); err != nil || env.Origin() == "" || env.Origin() != u.Origin() {
		auth = auth.WithLogin(gitstore.Auth{})
	}
	if own := f.tokens()[u.HostPort()]; own.HasLogin() && (u.Scheme() == "https" || u.Loopback()) {
		auth = auth.WithLogin(own)
	}
	if !auth.HasLogin() {
		auth.Username, auth.Token = u.Credentials()
	}
	return auth
}

// resolve expands host and path to an address: in the form of the env repo's own
// address on the host of the env repo, else https.
func (f Forges) resolve(repository string) (giturl.URL, error) {
	u, err := giturl.ParseRepository(repository)
	if err != nil || !u.Shorthand() {
		return u, err
	}
	path := strings.TrimSuffix(u.Path(), ".git") + ".git"
	if env, err := giturl.Parse(f.envRepo); err == nil && env.Remote() && env.Host() == u.Host() {
		return env.WithPath(path), nil
	}
	return u.WithPath(path), nil
}
