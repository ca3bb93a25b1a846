package forge

import (
	"context"
	"strings"

	"octopod/generator/gitstore"
	"octopod/generator/giturl"
)

// Forges lists the branches of the application's repositories. It sends a token
// to the host that the token is for, and to no other.
type Forges struct {
	envRepo string
	options gitstore.Options
	tokens  map[string]gitstore.Auth
	limiter *RateLimiter
}

// New returns the forges beside an env repo. The credentials in options go to the
// host of the env repo only. tokens holds the credentials of further hosts.
func New(envRepo string, options gitstore.Options, tokens map[string]gitstore.Auth, limiter *RateLimiter) Forges {
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
	o := f.options
	o.URL = f.address(repository)
	u, _ := giturl.Parse(o.URL) // ListRefs reports what cannot be parsed
	f.authenticate(&o, u)
	host := u.HostPort()
	if err := f.limiter.Allow(host); err != nil {
		return gitstore.Refs{}, err
	}
	known, err := gitstore.ListRefs(ctx, o)
	f.limiter.Observe(host, err)
	return known, err
}

// authenticate sets the credentials that belong to the host of u, and no others.
func (f Forges) authenticate(o *gitstore.Options, u giturl.URL) {
	env, _ := giturl.Parse(f.envRepo)
	switch user, password := env.Credentials(); {
	case env.Origin() == "" || env.Origin() != u.Origin():
		o.Auth.Username, o.Auth.Token = "", ""
	case o.Auth.Token == "" && password != "":
		o.Auth.Username, o.Auth.Token = user, password
	}
	if own := f.tokens[u.HostPort()]; own.Token != "" && (u.Scheme() == "https" || u.Loopback()) {
		o.Auth.Username, o.Auth.Token = own.Username, own.Token
	}
}

// address expands host and path to an address: in the form of the env repo's own
// address on the host of the env repo, else https.
func (f Forges) address(repository string) string {
	u, err := giturl.ParseRepository(repository)
	if err != nil || !u.Shorthand() {
		return repository
	}
	path := strings.TrimSuffix(u.Path(), ".git") + ".git"
	if env, err := giturl.Parse(f.envRepo); err == nil && env.Remote() && env.Host() == u.Host() {
		return env.WithPath(path).String()
	}
	return "https://" + u.HostPort() + "/" + path
}
