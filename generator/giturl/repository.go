package giturl

import (
	"path/filepath"
	"regexp"
	"strings"
)

// ParseRepository parses the name of a repository in octopod.yaml and of CI systems: an
// address, or the shorthand github.com/acme/shop, which has no scheme.
func ParseRepository(name string) (URL, error) {
	m := shortened.FindStringSubmatch(name)
	if m == nil || strings.HasPrefix(name, ".") || strings.Contains(name, "@") || strings.Contains(name, "://") {
		return Parse(name)
	}
	u := URL{form: shorthand, port: m[2], path: m[3]}
	u.host, _ = unbracket(m[1])
	return u, nil
}

// shortened matches host/path and host:port/path.
var shortened = regexp.MustCompile(`(?s)^([^:/\\\[\]]+|\[[^\]/]+\])(?::([0-9]+))?/(.+)$`)

// Shorthand reports whether the address is only host and path, without a scheme.
func (u URL) Shorthand() bool { return u.form == shorthand }

// RepositoryPath returns the path by which a forge knows the repository: acme/shop.
func (u URL) RepositoryPath() string {
	return strings.TrimSuffix(strings.Trim(u.path, "/"), ".git")
}

// Repository returns host and path, for example github.com/acme/shop. All addresses of a
// repository have the same one, so it leaves out the port: ssh and https differ in it. It is
// "" for a repository on this machine and for an address without host or path.
func (u URL) Repository() string {
	u.port = ""
	host, path := u.HostPort(), u.RepositoryPath()
	if !u.Remote() || host == "" || path == "" {
		return ""
	}
	return host + "/" + path
}

// Forge returns the host of the repository's forge as the configuration of a server spells
// it: with the port of https, without the port of ssh.
func (u URL) Forge() string {
	if u.scheme == "ssh" {
		u.port = ""
	}
	return u.HostPort()
}

// SameRepository reports whether two names mean the same repository. ParseRepository parses
// both.
func SameRepository(a, b string) bool {
	identity := identityOf(a)
	return identity != "" && strings.EqualFold(identity, identityOf(b))
}

// identityOf returns what all names of a repository have in common: host and path, or the
// path on this machine. It is "" for a name that cannot be parsed.
func identityOf(name string) string {
	u, err := ParseRepository(name)
	if err != nil || u.Remote() || u.Local() == "" {
		return u.Repository()
	}
	return strings.TrimSuffix(filepath.ToSlash(filepath.Clean(u.Local())), ".git")
}
