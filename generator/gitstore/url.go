package gitstore

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"octopod/generator/staging"
)

// place is a parsed URL.
type place struct {
	local string // path on this machine; the rest is for remotes
	url   *url.URL
	shown string // without credentials, for messages
}

// scpLike is user@host:path. A path before the colon makes it a local one.
var scpLike = regexp.MustCompile(`^(?:([^@/\s]+)@)?([^:/@\s]+|\[[^\]/\s]+\]):([^\s].*)$`)

// parseURL parses the forms that the git command accepts.
func parseURL(s string) (place, error) {
	if s == "" {
		return place{}, failf(staging.CodeInvalid, nil, "give a path or a URL, for example git@github.com:acme/env.git",
			"no env repo is given")
	}
	if !strings.Contains(s, "://") {
		m := scpLike.FindStringSubmatch(s)
		if m == nil || filepath.VolumeName(s) != "" {
			return place{local: s, shown: s}, nil
		}
		u := &url.URL{Scheme: "ssh", Host: m[2], Path: m[3]}
		if m[1] != "" {
			u.User = url.User(m[1])
		}
		return place{url: u, shown: s}, nil
	}
	u, err := url.Parse(s)
	if err != nil {
		return place{}, failf(staging.CodeInvalid, nil, "", "the URL of the env repo cannot be read")
	}
	switch u.Scheme {
	case "file":
		return place{local: filepath.FromSlash(u.Path), shown: s}, nil
	case "ssh", "git+ssh", "ssh+git":
		u.Scheme = "ssh"
	case "http", "https":
	default:
		return place{}, failf(staging.CodeInvalid, nil, "use a path, ssh:// or https://",
			"%s:// is not a kind of URL that Octopod can use", u.Scheme)
	}
	if u.Host == "" || u.Path == "" || u.Path == "/" {
		return place{}, failf(staging.CodeInvalid, nil, "", "%s names no repository", shown(u))
	}
	return place{url: u, shown: shown(u)}, nil
}

// shown returns a URL without credentials.
func shown(u *url.URL) string {
	c := *u
	if c.Scheme == "ssh" && c.User != nil {
		c.User = url.User(c.User.Username())
	} else {
		c.User = nil
	}
	return c.String()
}
