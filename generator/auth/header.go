package auth

import (
	"net/http"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// headerIdentity returns the person that the proxy in front has signed in. It rejects
// these headers from any other address: the sender tries to be somebody else.
func (a *Auth) headerIdentity(r *http.Request) (Identity, error) {
	names := a.config.Header
	for _, name := range []string{names.User, names.Email, names.Groups} {
		switch values := r.Header.Values(name); {
		case len(values) > 0 && !a.proxies.trusted(peer(r)):
			return Identity{}, staging.Errorf(staging.CodeUnauthorized, "%s comes from %s, which is not a proxy of this server", name, peer(r)).
				WithHint("add the proxy's address to auth.proxies")
		case len(values) > 1:
			return Identity{}, staging.Errorf(staging.CodeUnauthorized, "%s occurs %d times: the proxy must replace the client's header", name, len(values))
		}
	}
	user, email := r.Header.Get(names.User), r.Header.Get(names.Email)
	if user == "" && email == "" {
		return Identity{}, nil
	}
	if user == "" {
		user = email
	}
	return Identity{
		Person: staging.Person{Name: user, Email: email}, Subject: user, Method: MethodHeader,
		Groups: splitGroups(r.Header.Get(names.Groups)),
	}, nil
}

func splitGroups(list string) (groups []string) {
	for group := range strings.SplitSeq(list, ",") {
		if group = strings.TrimSpace(group); group != "" {
			groups = append(groups, group)
		}
	}
	return groups
}

// checkAllowed applies auth.allow and auth.keepGroups to a person after the provider has
// authenticated them.
func (a *Auth) checkAllowed(identity Identity) (Identity, error) {
	identity.Person = staging.Person{Name: printable(identity.Person.Name), Email: printable(identity.Person.Email)}
	if allow := a.config.Allow; !allow.Empty() && !allow.Include(identity.Person.Email, identity.Groups) {
		return Identity{}, staging.Errorf(staging.CodeForbidden, "%s may not sign in here", identity.Person.Name).
			WithHint("auth.allow in the server's configuration lists who may sign in")
	}
	if keep := (project.Members{Groups: a.config.KeepGroups}); !keep.Empty() {
		var kept []string
		for _, group := range identity.Groups {
			if keep.Include("", []string{group}) {
				kept = append(kept, group)
			}
		}
		identity.Groups = kept
	}
	return identity, nil
}

// printable drops control characters and angle brackets: a name becomes the author
// of a commit.
func printable(text string) string {
	const most = 200
	text = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == '<' || c == '>' {
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, ""))
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
