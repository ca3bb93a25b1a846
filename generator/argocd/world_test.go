//go:build cluster

package argocd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// world is a cluster, and the two programs of this repository.
type world struct {
	dir, octopod, cluster string
	ArgoCD                string
	AdminToken, Token     string
	Ports                 map[string]int
}

var theWorld struct {
	sync.Once
	*world
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if w := theWorld.world; w != nil {
		if os.Getenv("OCTOPOD_CLUSTER") == "" {
			if err := w.run("down"); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		_ = os.RemoveAll(filepath.Dir(w.octopod))
	}
	os.Exit(code)
}

func theCluster(t *testing.T) *world {
	t.Helper()
	theWorld.Do(func() { theWorld.world, theWorld.err = newWorld() })
	if theWorld.err != nil {
		t.Fatal(theWorld.err)
	}
	return theWorld.world
}

func newWorld() (*world, error) {
	tools, err := os.MkdirTemp("", "octopod-cluster-test-")
	if err != nil {
		return nil, err
	}
	w := &world{octopod: filepath.Join(tools, "octopod"), cluster: filepath.Join(tools, "cluster"), dir: os.Getenv("OCTOPOD_CLUSTER")}
	source, err := filepath.Abs("../../examples/cluster")
	if err != nil {
		return nil, err
	}
	for _, build := range [][]string{{"build", "-o", w.octopod, "../../cmd/octopod"}, {"-C", source, "build", "-o", w.cluster, "./cmd/cluster"}} {
		if out, err := exec.Command("go", build...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
	}
	if w.dir == "" {
		w.dir = filepath.Join(tools, "state")
		if err := w.run("up", "--source", source, "--projects", "ks,kr,js,jr"); err != nil {
			return nil, err
		}
	}
	state, err := os.ReadFile(filepath.Join(w.dir, "cluster.json"))
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(state, w)
	w.ArgoCD = fmt.Sprintf("127.0.0.1:%d", w.Ports["argo"])
	return w, err
}

func (w *world) run(verb string, args ...string) error {
	cmd := exec.Command(w.cluster, slices.Concat([]string{verb}, args, []string{"--dir", w.dir})...)
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// part does something to a part, and undoes it at the end of the test.
func (w *world) part(t *testing.T, verb, undo, part string) {
	t.Helper()
	if err := w.run(verb, part); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.run(undo, part) })
}

// shopOf is a project on the cluster, with what is known of its stagings.
type shopOf struct {
	*world
	t       *testing.T
	project *project.Project
	bare    string // the env repo
	client  *argocd.Client
	ctx     context.Context

	mu    sync.Mutex
	apps  map[string]staging.Application
	away  time.Time
	cause string
}

// newShop makes an env repo, lets Argo CD know of it, and watches.
func newShop(t *testing.T, name string, engine project.Engine, output project.Output) *shopOf {
	t.Helper()
	s := &shopOf{world: theCluster(t), t: t, bare: filepath.Join(t.TempDir(), "envs.git"), apps: map[string]staging.Application{}}
	s.do("init", "--project", name, "--engine", string(engine), "--output-mode", string(output), "--base-domain", "staging.example.com")
	data := testenv.Git(t, s.bare, "show", "HEAD:octopod.yaml")
	var err error
	if s.project, err = project.Parse([]byte(data + "\n")); err != nil {
		t.Fatal(err)
	}
	s.project.Spec.ArgoCD.RepoURL = "file://" + s.bare
	s.client = s.connect(s.Token)
	ctx, cancel := context.WithCancel(context.Background())
	s.ctx = ctx
	ended := make(chan struct{})
	s.applyProject()
	if err := s.client.UpsertApplicationSet(ctx, s.project); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(ended); _ = s.client.Watch(ctx, s.observe) }()
	t.Cleanup(func() { s.removeAll(); cancel(); <-ended })
	return s
}

func (s *shopOf) connect(token string) *argocd.Client {
	s.t.Helper()
	c, err := argocd.Connect(argocd.Options{Server: s.ArgoCD, Token: token, PlainText: true, Project: s.name()})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

func (s *shopOf) name() string { return s.project.Metadata.Name }

// applyProject is what an administrator does once, with kubectl.
func (s *shopOf) applyProject() {
	s.t.Helper()
	files, err := argocd.Manifests(s.project)
	if err != nil {
		s.t.Fatal(err)
	}
	var appProject map[string]any
	if err := yaml.Unmarshal(files[1].Data, &appProject); err != nil {
		s.t.Fatal(err)
	}
	if err := s.admin(http.MethodPost, "/api/v1/projects", map[string]any{"project": appProject, "upsert": true}, nil); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shopOf) admin(method, path string, body, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(method, "http://"+s.ArgoCD+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+s.AdminToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// removeAll leaves the cluster as the next test wants it.
func (s *shopOf) removeAll() {
	if out, err := testenv.TryGit(s.bare, "ls-tree", "--name-only", "HEAD", "envs/"); err == nil {
		for _, path := range strings.Fields(out) {
			s.commit(path, nil)
		}
	}
	if err := s.client.UpsertApplicationSet(s.ctx, s.project); err != nil {
		s.t.Error(err)
	}
	s.until(time.Minute, "no Application is left", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.apps) == 0 })
	if err := s.admin(http.MethodDelete, "/api/v1/applicationsets/"+s.name(), nil, nil); err != nil {
		s.t.Error(err)
	}
}

func (s *shopOf) observe(e argocd.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case argocd.Changed:
		s.apps[e.Application.Staging] = e.Application
	case argocd.Removed:
		delete(s.apps, e.Application.Staging)
	case argocd.Away:
		s.away, s.cause = time.Now(), e.Err.Error()
	case argocd.Back:
		s.away = time.Time{}
	}
}

// do runs octopod on the env repo.
func (s *shopOf) do(args ...string) {
	s.t.Helper()
	cmd := exec.Command(s.octopod, append(args, "--env-repo", s.bare)...)
	cmd.Env = testenv.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("octopod %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (s *shopOf) deploy(name, tag string) {
	s.t.Helper()
	s.do("deploy", name, "--branch", "feature/"+name, "--service", "backend", "--image", image(tag))
}

func image(tag string) string { return "registry.example.com/shop/backend:" + tag }

// look makes Argo CD look, as Octopod does after a push.
func (s *shopOf) look(name string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, 20*time.Second)
	defer cancel()
	s.mu.Lock()
	app, there := s.apps[name]
	s.mu.Unlock()
	var err error
	if there && s.tree("HEAD", name) != "" {
		_, err = s.client.Refresh(ctx, app.Name, false)
	} else {
		err = s.client.UpsertApplicationSet(ctx, s.project)
	}
	if err != nil && staging.CodeOf(err) != staging.CodeTimeout {
		s.t.Error(err)
	}
}

// commit writes a file past Octopod, as a person with git does. nil removes it.
func (s *shopOf) commit(path string, data []byte) {
	s.t.Helper()
	work := s.t.TempDir()
	testenv.Git(s.t, work, "clone", "-q", s.bare, ".")
	if data == nil {
		testenv.Git(s.t, work, "rm", "-rq", path)
	} else if err := os.WriteFile(filepath.Join(work, path), data, 0o644); err != nil {
		s.t.Fatal(err)
	}
	testenv.Git(s.t, work, "add", "-A")
	testenv.Git(s.t, work, "commit", "-qm", "by hand")
	testenv.Git(s.t, work, "push", "-q")
}

func (s *shopOf) file(path string) []byte {
	s.t.Helper()
	return []byte(testenv.Git(s.t, s.bare, "show", "HEAD:"+path) + "\n")
}

// tree is the git tree of a staging at a revision; "" where there is none.
func (s *shopOf) tree(revision, name string) string {
	out, err := testenv.TryGit(s.bare, "rev-parse", "--verify", "-q", revision+":envs/"+name)
	if err != nil || revision == "" {
		return ""
	}
	return strings.TrimSpace(out)
}

// phase observes a staging. wanted is the image of the backend, "" for none.
func (s *shopOf) phase(name string, state staging.State, wanted string) (staging.Phase, string, string) {
	s.mu.Lock()
	o := staging.Observation{Now: time.Now(), State: state, AwaySince: s.away, AwayError: s.cause}
	if app, there := s.apps[name]; there {
		o.App = &app
	}
	s.mu.Unlock()
	tip := s.tree("HEAD", name)
	o.Gone = tip == ""
	if when, err := testenv.TryGit(s.bare, "log", "-1", "--format=%cI", "--", "envs/"+name); err == nil {
		o.Committed, _ = time.Parse(time.RFC3339, strings.TrimSpace(when))
	}
	if wanted != "" {
		o.Wanted = map[string]string{"backend": wanted}
	}
	if o.App != nil {
		o.Compared = s.tree(o.App.Revision, name) == tip
		if o.App.Operation != nil {
			o.Applied = s.tree(o.App.Operation.Revision, name) == tip
		}
		if o.App.Health != "Healthy" && o.AwaySince.IsZero() {
			if pods, err := s.client.Pods(s.ctx, o.App.Name); err == nil {
				o.Pods, o.PodsKnown = pods, true
			}
		}
	}
	return staging.PhaseOf(o)
}

// reaches waits for a phase, and gives the reason. A phase that must not come
// on the way fails the test.
func (s *shopOf) reaches(name string, want staging.Phase, wanted string, never ...staging.Phase) string {
	s.t.Helper()
	state := staging.Active
	if want == staging.PhaseArchived {
		state = staging.Archived
	}
	var phase staging.Phase
	var reason, detail string
	began, last, asked := time.Now(), "", time.Now()
	defer func() { s.t.Logf("%s: %s after %.1f s", name, want, time.Since(began).Seconds()) }()
	s.until(90*time.Second, fmt.Sprintf("%s is %s", name, want), func() bool {
		phase, reason, detail = s.phase(name, state, wanted)
		if now := fmt.Sprintf("%s: %s (%s)", phase, reason, detail); now != last {
			s.t.Logf("%6.1fs %s", time.Since(began).Seconds(), now)
			last = now
		}
		if s.unseen(name) && time.Since(asked) > 3*time.Second { // as Octopod's watchdog does
			s.look(name)
			asked = time.Now()
		}
		if slices.Contains(never, phase) {
			s.t.Errorf("%s was %s: %s (%s)", name, phase, reason, detail)
		}
		return phase == want
	})
	return reason + " (" + detail + ")"
}

// unseen tells that Argo CD has made no Application of a staging yet.
func (s *shopOf) unseen(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, there := s.apps[name]
	return !there && s.away.IsZero()
}

func (s *shopOf) until(patience time.Duration, what string, is func() bool) {
	s.t.Helper()
	deadline := time.Now().Add(patience)
	for !is() {
		if time.Now().After(deadline) {
			s.t.Fatalf("it is not so after %s: %s", patience, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
