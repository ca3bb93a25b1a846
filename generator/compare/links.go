package compare

import (
	"net/url"
	"strconv"
	"strings"

	"octopod/generator/giturl"
)

// links makes the addresses of a repository's pages on its forge.
type links struct {
	base string // https://github.com/acme/shop; empty for a repository without pages
	kind forgeKind
}

type forgeKind int

const (
	gitHub forgeKind = iota // and Gitea, Forgejo: their paths are the same
	gitLab
	bitbucket
)

// linksTo returns the links of a repository as octopod.yaml names it. The host says what
// forge it is; one of unknown name has the paths of GitHub and Gitea, which GitLab redirects.
func linksTo(repository string) links {
	u, err := giturl.ParseRepository(repository)
	if err != nil || !u.Remote() || u.RepositoryPath() == "" {
		return links{}
	}
	scheme := "https"
	if u.Scheme() == "http" {
		scheme = "http"
	}
	l := links{base: (&url.URL{Scheme: scheme, Host: u.Forge(), Path: "/" + u.RepositoryPath()}).String()}
	switch {
	case strings.Contains(u.Host(), "gitlab"):
		l.kind = gitLab
	case strings.Contains(u.Host(), "bitbucket"):
		l.kind = bitbucket
	}
	return l
}

func (l links) commit(revision string) string {
	return l.page(map[forgeKind]string{gitLab: "/-/commit/", bitbucket: "/commits/"}, "/commit/", url.PathEscape(revision))
}

func (l links) pullRequest(number int) string {
	return l.page(map[forgeKind]string{gitLab: "/-/merge_requests/", bitbucket: "/pull-requests/"}, "/pull/", strconv.Itoa(number))
}

// compare returns the forge's own comparison; empty if a side is unknown.
func (l links) compare(from, to string) string {
	if from == "" || to == "" {
		return ""
	}
	from, to = url.PathEscape(from), url.PathEscape(to)
	if l.kind == bitbucket { // the newer one first
		return l.page(nil, "/branches/compare/", to+"%0D"+from)
	}
	return l.page(map[forgeKind]string{gitLab: "/-/compare/"}, "/compare/", from+"..."+to)
}

func (l links) page(paths map[forgeKind]string, usual, rest string) string {
	if l.base == "" {
		return ""
	}
	if path, special := paths[l.kind]; special {
		return l.base + path + rest
	}
	return l.base + usual + rest
}
