//go:build cluster

package e2e_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"octopod/examples/cluster"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// shop is a project on the cluster: an env repo behind a git server, an
// AppProject and an ApplicationSet.
type shop struct {
	t              testing.TB
	project        string
	address        string           // of the env repo, for octopod and Argo CD
	remote         string           // the same repository, for git
	env            []string         // for octopod
	other          *cluster.Cluster // that it is on; nil: the one of all cases
	applicationsIn string           // namespace; "": that of Argo CD
	*meter
}

// cluster returns the cluster of the shop.
func (s *shop) cluster() *cluster.Cluster { return cmp.Or(s.other, world.Cluster) }

// meter collects measurements from the runs of octopod and the git server.
type meter struct {
	cpu  atomic.Int64 // nanoseconds of all runs
	push atomic.Int64 // time of the last push, in nanoseconds
}

// spent returns the CPU time of all runs of octopod so far.
func (m *meter) spent() time.Duration { return time.Duration(m.cpu.Load()) }

// pushed returns the time of the last push.
func (m *meter) pushed() time.Time { return time.Unix(0, m.push.Load()) }

func (m *meter) watchPushes(w http.ResponseWriter, r *http.Request, git http.Handler) {
	git.ServeHTTP(w, r)
	if testenv.IsPush(r) {
		m.push.Store(time.Now().UnixNano())
	}
}

// newShop creates the sample project and connects Argo CD to it. options are
// options of `octopod init`.
func newShop(t testing.TB, name string, options ...string) *shop {
	t.Helper()
	return newShopOn(t, nil, name, options...)
}

// newShopOn creates it on another cluster, with which it ends.
func newShopOn(t testing.TB, on *cluster.Cluster, name string, options ...string) *shop {
	t.Helper()
	dir := t.TempDir()
	server := testenv.ServeHTTP(t, dir)
	s := &shop{t: t, project: "e2e-" + name, remote: testenv.EmptyBare(t, filepath.Join(dir, "envs.git")), other: on, meter: &meter{}}
	server.Intercept(s.watchPushes)
	testenv.Git(t, s.remote, "config", "http.receivepack", "true")
	s.env = append(testenv.Env(), s.cluster().Env()...)
	s.open(server.URL+"/envs.git", options...)
	return s
}

// open writes the sample project into the empty repository at this address.
// Argo CD syncs it until the test ends.
func (s *shop) open(url string, options ...string) {
	s.t.Helper()
	s.address, s.env = url, append(s.env, "OCTOPOD_ENV_REPO="+url)
	s.octopod(append([]string{"init", "--project", s.project, "--base-domain", s.domain(), "--repo-url", url}, options...)...)
	s.apply(argocdAPI+"appprojects/"+s.project, s.file("argocd/appproject.yaml"))
	s.apply(argocdAPI+"applicationsets/"+s.project, s.file("argocd/applicationset.yaml"))
	if s.other == nil {
		s.t.Cleanup(s.remove)
	}
}

// domain returns the base domain of the project.
func (s *shop) domain() string { return strings.TrimPrefix(s.project, "e2e-") + ".example.com" }

// remove removes the project from the cluster, so that it costs other tests
// nothing. Argo CD needs the AppProject until it has deleted the Applications.
func (s *shop) remove() {
	s.delete(s.ownAPI() + "applicationsets/" + s.project)
	for left := len(s.applications()); left > 0; {
		left = testenv.Eventually(s.t, fmt.Sprintf("less than %d Applications of %s are left", left, s.project), func() (int, bool) {
			n := len(s.applications())
			return n, n < left
		})
	}
	s.delete(argocdAPI + "appprojects/" + s.project)
}

// with returns the shop with other environment variables.
func (s *shop) with(env ...string) *shop {
	other := *s
	other.env = append(slices.Clone(s.env), env...)
	return &other
}

// result is the result of a run of octopod.
type result struct {
	code           int
	stdout, stderr string
}

func (r result) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", r.code, r.stdout, r.stderr)
}

// try runs octopod on the env repo of the shop.
func (s *shop) try(args ...string) result {
	s.t.Helper()
	r, err := s.command(context.Background(), args...).run()
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// command is a run of octopod, before it starts.
type command struct {
	*exec.Cmd
	*meter
}

func (s *shop) command(ctx context.Context, args ...string) command {
	cmd := exec.CommandContext(ctx, world.octopod, append(args, "--allow-plain-http")...)
	cmd.Env = s.env
	return command{cmd, s.meter}
}

func (c command) run() (result, error) {
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	err := c.Run()
	if c.ProcessState != nil {
		c.cpu.Add(int64(c.ProcessState.UserTime() + c.ProcessState.SystemTime()))
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = nil
	}
	return result{c.ProcessState.ExitCode(), stdout.String(), stderr.String()}, err
}

// octopod runs octopod, and the test fails when octopod does.
func (s *shop) octopod(args ...string) string {
	s.t.Helper()
	r := s.try(args...)
	if r.code != 0 {
		s.t.Fatalf("octopod %s: %s", strings.Join(args, " "), r)
	}
	return r.stdout
}

// deploy runs the deploy of a CI job for a branch.
func (s *shop) deploy(name, tag string, options ...string) {
	s.t.Helper()
	s.octopod(append(deployment(name, tag), options...)...)
}

func deployment(name, tag string) []string {
	return []string{"deploy", name, "--branch", "feature/" + name, "--service", "backend", "--image", image(tag)}
}

func image(tag string) string { return "registry.example.com/shop/backend:" + tag }

// status returns the status of a staging from `octopod get`.
func (s *shop) status(name string) staging.Status {
	s.t.Helper()
	var view staging.View
	if err := json.Unmarshal([]byte(s.octopod("get", name, "-o", "json")), &view); err != nil {
		s.t.Fatal(err)
	}
	return view.Status
}

func say(status staging.Status) string {
	return fmt.Sprintf("%s: %s (%s)", status.Phase, status.Reason, status.Detail)
}

// patience is the time limit for a change, on a busy machine.
const patience = testenv.Timeout

// waits runs `octopod wait`; on failure it reports the status of the staging.
func (s *shop) waits(name, state string) {
	s.t.Helper()
	r := s.try("wait", name, "--for", state, "--timeout", patience.String())
	if r.code != 0 {
		s.t.Fatalf("octopod wait %s --for %s: %s", name, state, r)
	}
}

// reaches polls until a staging has a phase, and returns the status. The test
// fails if a forbidden phase comes first.
func (s *shop) reaches(name string, want staging.Phase, never ...staging.Phase) (status staging.Status) {
	s.t.Helper()
	testenv.Eventually(s.t, name+" is "+string(want), func() (string, bool) {
		status = s.status(name)
		for _, phase := range never {
			if status.Phase == phase {
				s.t.Errorf("%s must not be %s", name, say(status))
			}
		}
		return say(status), status.Phase == want
	})
	return status
}

// runs waits until a staging is Running, and checks in the cluster that its
// pods have the image.
func (s *shop) runs(name, tag string) {
	s.t.Helper()
	s.waits(name, "running")
	s.hasImage(name, tag)
}

func (s *shop) hasImage(name, tag string) {
	s.t.Helper()
	if images := strings.Join(s.images(name), " "); !strings.Contains(images+" ", image(tag)+" ") {
		s.t.Errorf("%s should run %s; its pods have %s", name, tag, images)
	}
}

// byHand commits to the env repo with git, without Octopod.
func (s *shop) byHand(change func(work string)) {
	s.t.Helper()
	work := s.t.TempDir()
	testenv.Git(s.t, work, "clone", "-q", s.remote, ".")
	change(work)
	testenv.Git(s.t, work, "add", "-A")
	testenv.Git(s.t, work, "commit", "-qm", "by hand")
	testenv.Git(s.t, work, "push", "-q")
}

// edit replaces a text in a file of the env repo by hand.
func (s *shop) edit(file, old, new string) {
	s.t.Helper()
	s.byHand(func(work string) {
		text := string(s.file(file))
		if !strings.Contains(text, old) {
			s.t.Fatalf("%s does not hold %q:\n%s", file, old, text)
		}
		if err := os.WriteFile(filepath.Join(work, file), []byte(strings.Replace(text, old, new, 1)), 0o644); err != nil {
			s.t.Fatal(err)
		}
	})
}

// file reads a file of the env repo.
func (s *shop) file(name string) []byte {
	s.t.Helper()
	work := s.t.TempDir()
	testenv.Git(s.t, work, "clone", "-q", "--depth", "1", s.remote, ".")
	data, err := os.ReadFile(filepath.Join(work, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}
