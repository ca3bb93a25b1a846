package gitstore

import (
	"slices"

	"octopod/generator/giturl"
	"octopod/generator/staging"
)

// parseURL parses the address of a repository that Octopod can reach.
func parseURL(address string) (giturl.URL, error) {
	if address == "" {
		return giturl.URL{}, failf(staging.CodeInvalid, nil, "give a path or a URL, for example git@github.com:acme/env.git",
			"no env repo is given")
	}
	u, err := giturl.Parse(address)
	switch {
	case err != nil:
		return u, failf(staging.CodeInvalid, nil, "", "the URL of the env repo cannot be read")
	case u.Remote() && !slices.Contains([]string{"ssh", "https", "http"}, u.Scheme()):
		return u, failf(staging.CodeInvalid, nil, "use a path, ssh:// or https://",
			"%s:// is not a kind of URL that Octopod can use", u.Scheme())
	case u.Remote() && u.Host() == "" || u.Path() == "" || u.Remote() && u.Path() == "/":
		return u, failf(staging.CodeInvalid, nil, "", "%s names no repository", u)
	}
	return u, nil
}
