package web

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"octopod/generator/giturl"
	"octopod/generator/project/strictyaml"
)

// typedBranch is what a person typed for a branch: its name, a pull request, or the
// address of either on a forge.
type typedBranch struct {
	repository string // host and path; empty without an address
	pull       int
	branch     string
}

var (
	pullNumber = regexp.MustCompile(`^#(\d+)$`)
	// Paths on GitHub, Gitea, GitLab, Bitbucket (Cloud and Server) and Azure, after the
	// path of the repository.
	pullPath   = regexp.MustCompile(`^(.+?)(?:/-)?/(?:pull|pulls|merge_requests|pull-requests|pullrequest|pullrequests)/(\d+)(?:/|$)`)
	branchPath = regexp.MustCompile(`^(.+?)(?:/-)?/(?:tree|src/branch|branch|commits/branch|commits)/(.+?)/?$`)
	serverPath = regexp.MustCompile(`^(?:.*/)?projects/([^/]+)/repos/([^/]+)$`)
)

// parseBranch reads what a person typed.
func parseBranch(typed string) typedBranch {
	if number := pullNumber.FindStringSubmatch(typed); number != nil {
		return typedBranch{pull: atoi(number[1])}
	}
	u, err := url.Parse(typed)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return typedBranch{branch: typed}
	}
	path := strings.Trim(u.Path, "/")
	if found := pullPath.FindStringSubmatch(path); found != nil {
		return typedBranch{repository: repositoryAt(u, found[1]), pull: atoi(found[2])}
	}
	if branch, isAzure := strings.CutPrefix(u.Query().Get("version"), "GB"); isAzure {
		return typedBranch{repository: repositoryAt(u, path), branch: branch}
	}
	if branch, isServer := strings.CutPrefix(u.Query().Get("at"), "refs/heads/"); isServer {
		return typedBranch{repository: repositoryAt(u, strings.TrimSuffix(path, "/browse")), branch: branch}
	}
	if found := branchPath.FindStringSubmatch(path); found != nil {
		return typedBranch{repository: repositoryAt(u, found[1]), branch: found[2]}
	}
	return typedBranch{branch: typed}
}

// repositoryAt returns the name of a repository on the web as octopod.yaml has it.
func repositoryAt(u *url.URL, path string) string {
	if server := serverPath.FindStringSubmatch(path); server != nil {
		path = strings.ToLower(server[1]) + "/" + server[2]
	}
	return u.Host + "/" + path
}

func atoi(digits string) int {
	n, _ := strconv.Atoi(digits) // too large a number is no pull request
	return n
}

// resolve returns the branch that a person means. It returns the input when no branch,
// or more than one, has the pull request.
func (b Branches) resolve(typed string) string {
	t := parseBranch(typed)
	if t.pull == 0 {
		return t.branch
	}
	var found []string
	for repository, numbers := range b.Numbers {
		branch := numbers[t.pull]
		if branch != "" && !slices.Contains(found, branch) && (t.repository == "" || giturl.SameRepository(repository, t.repository)) {
			found = append(found, branch)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return typed
}

// similarShown bounds the suggestions for a branch that does not exist.
const similarShown = 5

// similar returns the branches that a person may have meant: the branches with the typed words,
// else the one with the most similar spelling.
func (b Branches) similar(typed string) []string {
	var found []string
	words := newSearch(parseBranch(typed).branch)
	for _, name := range slices.Sorted(maps.Keys(b.In)) {
		if len(found) < similarShown && !words.empty() && words.rankTexts([]string{strings.ToLower(name)}) > 0 {
			found = append(found, name)
		}
	}
	if near := strictyaml.Closest(typed, slices.Sorted(maps.Keys(b.In))); len(found) == 0 && near != "" {
		found = append(found, near)
	}
	return found
}
