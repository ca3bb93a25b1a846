// Package giturl parses the addresses of git repositories. Every part of Octopod uses it, so
// they agree on host, port, path and user of an address, and no part prints a password.
package giturl

import (
	"errors"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
)

// URL is a parsed address of a git repository. The zero value is no address. Its text never
// holds a password: see String.
type URL struct {
	form           form
	scheme         string
	user, password string
	host, port     string // the host in lower case, without brackets
	path           string
	escaped        string // the path as a URL spells it
}

// form is how an address is written.
type form int

const (
	local     form = iota // /srv/envs.git, ../envs.git, C:\envs.git
	scp                   // git@github.com:acme/envs.git
	shorthand             // github.com/acme/shop, see ParseRepository
	full                  // https://github.com/acme/envs.git, file:///srv/envs.git
)

// Parse parses an address as the git command does: a URL, host:path for ssh, or a path. It
// accepts every scheme; the transport decides which ones it supports. It drops a query and a
// fragment, which are not part of a repository's address.
func Parse(address string) (URL, error) {
	if address == "" {
		return URL{}, errors.New("the address of the repository is empty")
	}
	if strings.Contains(address, "://") {
		return parseURL(address)
	}
	m := scpLike.FindStringSubmatch(address)
	if m == nil {
		return URL{form: local, path: address}, nil
	}
	u := URL{form: scp, scheme: "ssh", path: m[3]}
	u.user, u.password, _ = strings.Cut(m[1], ":")
	u.host, u.port = unbracket(m[2])
	first, _, _ := strings.Cut(u.path, "/")
	switch {
	case m[1] == "" && len(u.host) == 1: // a drive of Windows
		return URL{form: local, path: address}, nil
	case u.user == "" && (m[1] != "" || strings.Contains(first, "@")): // ci:token@github.com/acme/envs.git lacks its scheme
		return URL{}, unreadable(address)
	}
	return u, nil
}

// scpLike matches user@host:path. A slash before the colon makes the address a path.
var scpLike = regexp.MustCompile(`(?s)^(?:([^@/]+)@)?([^:/@\\\[\]]+|\[[^/@\\\[\]]+\]):(.*)$`)

// withPort matches host:port.
var withPort = regexp.MustCompile(`^([^:]+):([0-9]+)$`)

// unbracket splits [::1], which is a host, and [git.example.com:22], which has a port too.
func unbracket(text string) (host, port string) {
	inner := strings.ToLower(strings.Trim(text, "[]"))
	if _, err := netip.ParseAddr(inner); err == nil {
		return inner, ""
	}
	if m := withPort.FindStringSubmatch(inner); m != nil {
		return m[1], m[2]
	}
	return inner, ""
}

func parseURL(address string) (URL, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" || parsed.Hostname()+parsed.Path == "" {
		return URL{}, unreadable(address)
	}
	u := URL{
		form: full, scheme: parsed.Scheme, host: strings.ToLower(parsed.Hostname()), port: parsed.Port(),
		path: parsed.Path, escaped: parsed.EscapedPath(),
	}
	if _, err := netip.ParseAddr(u.host); strings.Contains(u.host, ":") && (err != nil || !spelled.MatchString(u.host)) {
		return URL{}, unreadable(address)
	}
	u.user = parsed.User.Username()
	u.password, _ = parsed.User.Password()
	if u.scheme == "git+ssh" || u.scheme == "ssh+git" {
		u.scheme = "ssh"
	}
	return u, nil
}

// spelled matches an IPv6 address whose zone a URL can spell.
var spelled = regexp.MustCompile(`^[0-9a-z:.%_~-]+$`)

// unreadable returns the error of an address that Parse rejects. It leaves out the cause,
// because net/url quotes the address with its password.
func unreadable(address string) error {
	return errors.New(hideUser(address) + " is not the address of a git repository")
}

// Scheme returns how the repository is reached: https, http, ssh, file. It is empty for a
// path and for a shorthand.
func (u URL) Scheme() string { return u.scheme }

// Host returns the name or address of the server in lower case, without port and brackets.
func (u URL) Host() string { return u.host }

// Port returns the port that the address names, or "".
func (u URL) Port() string { return u.port }

// HostPort returns host and port as a URL spells them.
func (u URL) HostPort() string {
	host := u.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if u.port == "" {
		return host
	}
	return host + ":" + u.port
}

// Path returns the path of the repository on its server, decoded.
func (u URL) Path() string { return u.path }

// Credentials returns the user and the password of the address, each "" when it has none.
func (u URL) Credentials() (user, password string) { return u.user, u.password }

// Remote reports whether the repository is on a server, not in a folder of this machine.
func (u URL) Remote() bool { return u.form != local && u.scheme != "file" }

// Local returns the path of a repository on this machine, or "".
func (u URL) Local() string {
	switch {
	case u.Remote():
		return ""
	case u.form == local:
		return u.path
	}
	return filepath.FromSlash(u.path)
}

// Loopback reports whether the host of the address is this machine.
func (u URL) Loopback() bool { return IsLoopback(u.host) }

// Origin returns scheme, host and port, or "" for a repository on this machine. Credentials
// for one address may be sent to another one of the same origin.
func (u URL) Origin() string {
	if !u.Remote() {
		return ""
	}
	return u.scheme + "://" + u.HostPort()
}

// WithPath returns another repository on the same server, with the same credentials. It uses
// https for a shorthand.
func (u URL) WithPath(path string) URL {
	if u.form == shorthand {
		u.scheme = "https"
	}
	u.form, u.path = full, "/"+strings.TrimPrefix(path, "/")
	u.escaped = (&url.URL{Path: u.path}).EscapedPath()
	return u
}

// IsRemote reports whether an address is not a path on this machine. An address that Parse
// rejects is not a path either.
func IsRemote(address string) bool {
	u, err := Parse(address)
	return address != "" && (err != nil || u.Remote())
}

// IsLoopback reports whether a host is this machine, without asking a name server.
func IsLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}
