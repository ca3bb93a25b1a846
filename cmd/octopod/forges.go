package main

import (
	"context"
	"net/url"
	"strings"

	"octopod/generator/gitstore"
)

// forges lists the branches of the application's repositories. The token of the
// env repo goes to the host of the env repo alone.
type forges struct {
	envRepo string
	options gitstore.Options
}

// forges gives what a sweep asks for branches.
func (c *cli) forges() (forges, error) {
	auth, err := c.gitAuth()
	return forges{c.envRepo(), gitstore.Options{
		Auth: auth, AllowPlainHTTP: c.settings.allowPlainHTTP, Timeout: c.settings.gitTimeout, Logger: c.logger(),
	}}, err
}

// Branches lists the branches of a repository as octopod.yaml names it: a path,
// an address, or host and path alone.
func (f forges) Branches(ctx context.Context, repository string) ([]string, error) {
	o := f.options
	o.URL = f.address(repository)
	if here, there := origin(f.envRepo), origin(o.URL); here == "" || here != there {
		o.Auth.Username, o.Auth.Token = "", ""
	}
	return gitstore.Branches(ctx, o)
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
