package giturl

import (
	"net/url"
	"strings"
)

// String returns the address without its password. Only an ssh address keeps its user,
// because the user of an https address may be a token. The text is safe in logs, labels and
// files. Parse parses it again, ParseRepository the shorthand.
func (u URL) String() string {
	switch u.form {
	case local:
		return u.path
	case shorthand:
		return u.HostPort() + "/" + u.path
	case scp:
		return u.scpString()
	}
	text := url.URL{Scheme: u.scheme, Host: u.HostPort(), Path: u.path, RawPath: u.escaped}
	if u.scheme == "ssh" && u.user != "" {
		text.User = url.User(u.user)
	}
	return text.String()
}

func (u URL) scpString() string {
	host := u.HostPort()
	if u.port != "" {
		host = "[" + host + "]"
	}
	if u.user != "" {
		host = u.user + "@" + host
	}
	return host + ":" + u.path
}

// Redact returns an address without its credentials, as String does. From an address that
// Parse rejects it removes everything in front of the last @.
func Redact(address string) string {
	u, err := Parse(address)
	if err != nil {
		return hideUser(address)
	}
	return u.String()
}

// hideUser removes everything that may be credentials from an address that Parse rejects.
func hideUser(address string) string {
	user, rest := "", address
	if at := strings.LastIndex(address, "@"); at >= 0 {
		user, rest = address[:at], address[at+1:]
	}
	if scheme, _, ok := strings.Cut(user, "://"); ok && !strings.Contains(scheme, "@") {
		return scheme + "://" + rest
	}
	return rest
}
