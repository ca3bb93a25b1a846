//go:build cluster

package e2e_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/examples/cluster"
	"octopod/generator/testenv"
)

// newForgeShop is newShop with the env repo on the forge.
func newForgeShop(t testing.TB, name string, options ...string) *shop {
	t.Helper()
	s := &shop{t: t, project: "e2e-" + name, meter: &meter{}}
	path := s.newRepository(s.project + "-envs")
	s.remote = withToken(path)
	s.env = append(append(testenv.Env(), world.Env()...), "OCTOPOD_GIT_USERNAME="+cluster.GiteaAdmin, "OCTOPOD_GIT_TOKEN="+world.GiteaToken)
	s.open(world.GiteaURL()+"/"+path+".git", options...)
	return s
}

// newRepository creates an empty repository on the forge for the duration of
// the test. The address is unique, because Argo CD caches the content of an
// address for a while.
func (s *shop) newRepository(name string) (path string) {
	s.t.Helper()
	name += "-" + strings.ToLower(rand.Text()[:6])
	path = cluster.GiteaAdmin + "/" + name
	s.ask(http.MethodPost, "/user/repos", object{"name": name, "default_branch": "main"}, nil)
	s.t.Cleanup(func() { s.ask(http.MethodDelete, "/repos/"+path, nil, nil) })
	return path
}

// withToken returns the address of a repository with the token of the forge's
// administrator.
func withToken(path string) string {
	return strings.Replace(world.GiteaURL(), "://", "://"+cluster.GiteaAdmin+":"+world.GiteaToken+"@", 1) + "/" + path + ".git"
}

// object is a JSON object.
type object = map[string]any

// ask sends a request to the forge's API as its administrator. It also works in
// clean-ups, after the end of the test's context.
func (s *shop) ask(method, path string, body, answer any) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := world.GiteaAPI(ctx, method, path, body, answer); err != nil {
		s.t.Fatal(err)
	}
}

// appRepo is a repository of the application on the forge, and the clone of a
// developer. CI pushes its images to a registry.
type appRepo struct {
	*shop
	path     string // on the forge: forge/e2e-circle-backend-x1y2z3
	clone    string
	registry *testenv.Registry
	server   string    // address of the Octopod server
	pushed   time.Time // time of the last push
	runs     int       // number of pipeline runs
}

// newAppRepo creates a repository with one commit on main.
func (s *shop) newAppRepo(service string) *appRepo {
	s.t.Helper()
	r := &appRepo{shop: s, path: s.newRepository(s.project + "-" + service), clone: filepath.Join(s.t.TempDir(), service), registry: testenv.ServeRegistry(s.t)}
	testenv.Git(s.t, s.t.TempDir(), "clone", "-q", withToken(r.path), r.clone)
	r.branch("main")
	r.commit("the beginning")
	r.push()
	return r
}

// branch creates a branch in the clone.
func (r *appRepo) branch(name string) {
	r.t.Helper()
	testenv.Git(r.t, r.clone, "checkout", "-qb", name)
}

// commit creates a commit in the clone, and returns its hash.
func (r *appRepo) commit(subject string) string {
	r.t.Helper()
	testenv.WriteFile(r.t, r.clone, "README.md", subject+"\n")
	testenv.Git(r.t, r.clone, "add", "-A")
	testenv.Git(r.t, r.clone, "commit", "-qm", subject)
	return testenv.Git(r.t, r.clone, "rev-parse", "HEAD")
}

// push pushes the checked-out branch.
func (r *appRepo) push() {
	r.t.Helper()
	testenv.Git(r.t, r.clone, "push", "-q", "origin", "HEAD")
	r.pushed = time.Now()
}

// removeBranch deletes a branch on the forge.
func (r *appRepo) removeBranch(name string) {
	r.t.Helper()
	testenv.Git(r.t, r.clone, "push", "-q", "origin", "--delete", name)
}

// calls adds a webhook to the forge, for pushes, deleted branches and pull
// requests.
func (r *appRepo) calls(url, secret string) {
	r.t.Helper()
	r.ask(http.MethodPost, "/repos/"+r.path+"/hooks", object{
		"type": "gitea", "active": true, "events": []string{"push", "delete", "pull_request"},
		"config": object{"url": url, "content_type": "json", "secret": secret},
	}, nil)
}

// pullRequest opens a pull request for a branch, and returns its number.
func (r *appRepo) pullRequest(branch, title string) (number int) {
	r.t.Helper()
	var opened struct{ Number int }
	r.ask(http.MethodPost, "/repos/"+r.path+"/pulls", object{"head": branch, "base": "main", "title": title}, &opened)
	return opened.Number
}

// untilComment waits until a pull request has one comment with all these texts.
func (r *appRepo) untilComment(number int, says ...string) {
	r.t.Helper()
	testenv.Eventually(r.t, fmt.Sprintf("one comment says %q", says), func() (string, bool) {
		var all []struct{ Body string }
		r.ask(http.MethodGet, fmt.Sprintf("/repos/%s/issues/%d/comments", r.path, number), nil, &all)
		if len(all) != 1 {
			return fmt.Sprintf("%d comments: %v", len(all), all), false
		}
		for _, text := range says {
			if !strings.Contains(all[0].Body, text) {
				return all[0].Body, false
			}
		}
		return "", true
	})
}

// untilStatus waits until a commit has a status on the forge, such as success.
func (r *appRepo) untilStatus(commit, want string) {
	r.t.Helper()
	testenv.Eventually(r.t, commit+" is "+want, func() (string, bool) {
		var combined struct{ State string }
		r.ask(http.MethodGet, "/repos/"+r.path+"/commits/"+commit+"/status", nil, &combined)
		return cmp.Or(combined.State, "no status"), combined.State == want
	})
}
