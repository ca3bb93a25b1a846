package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"octopod/generator/gitstore"
)

// forges lists the branches of the application's repositories. Each token goes
// to its own host alone: that of the env repo, and those in the configuration of
// a server.
type forges struct {
	envRepo string
	options gitstore.Options
	tokens  map[string]gitstore.Auth // by host
	manners *manners
}

// forges gives what a sweep asks for branches.
func (c *cli) forges(envRepo string) (forges, error) {
	auth, err := c.gitAuth()
	if err != nil {
		return forges{}, err
	}
	tokens, err := forgeTokens(c.knownForges, c.getenv)
	return forges{envRepo, gitstore.Options{
		Auth: auth, AllowPlainHTTP: c.settings.allowPlainHTTP, Timeout: c.settings.gitTimeout, Logger: c.logger(),
	}, tokens, c.manners}, err
}

// forgeTokens reads what each forge of a server's configuration is asked with.
func forgeTokens(known []forge, getenv func(string) string) (map[string]gitstore.Auth, error) {
	tokens := map[string]gitstore.Auth{}
	for i, f := range known {
		token, err := f.Token.Read(fmt.Sprintf("forges[%d].token", i), getenv)
		if err != nil {
			return nil, err
		}
		if token != "" {
			tokens[f.Host] = gitstore.Auth{Username: f.gitUser(), Token: token}
		}
	}
	return tokens, nil
}

// gitUser is the name that goes with a token over https. Most forges take any.
func (f forge) gitUser() string {
	if f.Kind == kindBitbucket {
		return "x-token-auth"
	}
	return ""
}

// Heads lists the branches of a repository. See Refs.
func (f forges) Heads(ctx context.Context, repository string) (map[string]string, error) {
	known, err := f.Refs(ctx, repository)
	return known.Heads, err
}

// Refs lists the branches and pull requests of a repository as octopod.yaml
// names it: a path, an address, or host and path alone.
func (f forges) Refs(ctx context.Context, repository string) (gitstore.Refs, error) {
	o := f.options
	o.URL = f.address(repository)
	if here, there := origin(f.envRepo), origin(o.URL); here == "" || here != there {
		o.Auth.Username, o.Auth.Token = "", ""
	}
	host := ""
	if u := parsed(o.URL); u != nil {
		host = u.Host
		if own := f.tokens[host]; own.Token != "" && (u.Scheme == "https" || thisMachine(u)) {
			o.Auth.Username, o.Auth.Token = own.Username, own.Token
		}
	}
	if err := f.manners.waits(host); err != nil {
		return gitstore.Refs{}, err
	}
	known, err := gitstore.ListRefs(ctx, o)
	f.manners.heard(host, err)
	return known, err
}

// address completes host and path. On the host of the env repo a repository is
// reached as the env repo is, elsewhere by https.
func (f forges) address(repository string) string {
	if strings.Contains(repository, "://") || strings.Contains(repository, "@") || strings.HasPrefix(repository, "/") || strings.HasPrefix(repository, ".") {
		return repository
	}
	host, path, _ := strings.Cut(repository, "/")
	path = strings.TrimSuffix(path, ".git") + ".git"
	if u := parsed(f.envRepo); u != nil && u.Hostname() == host {
		u.Path = "/" + path
		return u.String()
	}
	return "https://" + host + "/" + path
}

// parsed reads the address of a repository elsewhere; nil for one on this machine.
func parsed(address string) *url.URL {
	if !isRemote(address) {
		return nil
	}
	if !strings.Contains(address, "://") { // user@host:path
		host, path, _ := strings.Cut(address, ":")
		address = "ssh://" + host + "/" + strings.TrimPrefix(path, "/")
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	return u
}

// origin is scheme and host of an address, as far as it has them.
func origin(address string) string {
	u := parsed(address)
	if u == nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
