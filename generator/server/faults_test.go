package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/httpapi"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// gitFaults are the ways in which a git server fails its readers.
func gitFaults() map[string]func(*testenv.HTTPServer) {
	return map[string]func(*testenv.HTTPServer){
		"answers 500": func(s *testenv.HTTPServer) {
			s.Intercept(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
				http.Error(w, "broken", http.StatusInternalServerError)
			})
		},
		"hangs": func(s *testenv.HTTPServer) { s.Intercept(testenv.Hang) },
		"resets the connection": func(s *testenv.HTTPServer) {
			s.Intercept(func(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) })
		},
		"lags a second":          func(s *testenv.HTTPServer) { s.Latency(time.Second) },
		"rotates its credential": func(s *testenv.HTTPServer) { s.Require("octopod", "another") },
	}
}

// asksGit are the paths of reads whose purpose is to ask git: the diagnosis.
var asksGit = map[string]bool{apiShop + "/doctor": true, "/shop/about?check=1": true}

// Every page and every read of the API answers as fast as ever while the git server fails,
// with the same status, and says as of when. A new route without a row in the matrix of
// rights fails TestEveryRouteHasItsRights; so it has a row here.
func TestReadsDoNotWaitForGit(t *testing.T) {
	for name, fail := range gitFaults() {
		t.Run(name, func(t *testing.T) {
			m := newMatrixOn(t, remoteEnvRepo)
			reads := m.reads()
			if len(reads) < 30 {
				t.Fatalf("only %d reads", len(reads))
			}
			before := m.measure(reads)
			fail(m.git)
			if name != "lags a second" {
				testenv.Eventually(t, "the feed notices", func() (string, bool) {
					answer := m.answer(http.MethodGet, apiShop)
					return fmt.Sprint(answer), answer.Get("Octopod-Stale") != "" && answer.Get("Octopod-Stale-Since") != ""
				})
			}
			after := m.measure(reads)
			for i, r := range reads {
				if after[i].status != before[i].status {
					t.Errorf("%s %s: status %d, was %d: %s", r.route, r.path, after[i].status, before[i].status, after[i].text)
				}
				limit := before[i].took*12/10 + slack
				if took := m.fastest(r, after[i].took, limit); took > limit {
					t.Errorf("%s %s takes %s, without the fault %s", r.route, r.path, took, before[i].took)
				}
			}
			if m.answer(http.MethodGet, apiShop+"/stagings/login").Get("Octopod-As-Of") == "" {
				t.Error("the answer does not say as of when it is")
			}
		})
	}
}

// slack is for a machine that is busy with other tests. A read that waits for git takes at
// least a second.
const slack = 500 * time.Millisecond

// reads returns the rows that change nothing.
func (m *matrix) reads() []row {
	var reads []row
	for _, r := range m.rows() {
		body, isChange := r.body.(httpapi.ChangeRequest)
		fields, isMap := r.body.(map[string]any)
		reading := strings.HasPrefix(r.route, "GET ") || isChange && body.DryRun || isMap && fields["dryRun"] == true || strings.HasSuffix(r.route, "/lint")
		if reading && !asksGit[r.path] && strings.ContainsRune(r.allowed, 'a') {
			reads = append(reads, r)
		}
	}
	return reads
}

// measured is one answer.
type measured struct {
	status int
	text   string
	took   time.Duration
}

// measure sends each read twice, and returns the faster answer.
func (m *matrix) measure(reads []row) []measured {
	all := make([]measured, len(reads))
	for i, r := range reads {
		for try := range 2 {
			began := time.Now()
			method, _, _ := strings.Cut(r.route, " ")
			status, text := m.send(method, r.path, r.body, m.tokens['a'])
			if took := time.Since(began); try == 0 || took < all[i].took {
				all[i] = measured{status, text, took}
			}
		}
	}
	return all
}

// fastest sends a read again while it took longer than the limit, a few times: a read
// that waits for git is slow each time, and one that a busy machine delayed is not.
func (m *matrix) fastest(r row, took, limit time.Duration) time.Duration {
	for range 5 {
		if took <= limit {
			break
		}
		took = min(took, m.measure([]row{r})[0].took)
	}
	return took
}

// answer returns the header of an answer to the admin.
func (m *matrix) answer(method, path string) http.Header {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+m.tokens['a'])
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.Header
}

// remoteEnvRepo puts an env repo behind a git server over HTTP, and returns its address.
func remoteEnvRepo(m *matrix, path string) string {
	dir := filepath.Dir(path)
	for _, setting := range []string{"http.receivepack", "uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"} {
		testenv.Git(m.t, path, "config", setting, "true")
	}
	server := testenv.ServeHTTP(m.t, dir)
	server.Require("octopod", "secret")
	if m.books = server; strings.HasSuffix(path, "shop.git") {
		m.git, m.path = server, path
	}
	return server.URL + "/" + filepath.Base(path)
}

// sendWhole gets a page as the admin, with its whole text.
func (m *matrix) sendWhole(path string) (int, string) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodGet, m.url+path, nil)
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+m.tokens['a'])
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// One env repo that cannot be read holds up neither the readiness of the server nor the
// other projects, and its page and the metrics show the fault.
func TestABrokenEnvRepoHoldsUpNoOtherProject(t *testing.T) {
	m := newMatrixOn(t, func(m *matrix, path string) string {
		if strings.HasSuffix(path, "shop.git") {
			return remoteEnvRepo(m, path)
		}
		remoteEnvRepo(m, path)
		m.books.Require("octopod", "another")
		return m.books.URL + "/books.git"
	})
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/readyz":                {http.StatusOK, ""},
		apiShop + "/stagings":    {http.StatusOK, ""},
		"/api/v1/projects/books": {http.StatusServiceUnavailable, "its git server does not accept Octopod’s credentials"},
		"/books/":                {http.StatusServiceUnavailable, "its git server does not accept Octopod’s credentials"},
		"/shop/":                 {http.StatusOK, ""},
	} {
		if status, text := m.sendWhole(path); status != want.status || !strings.Contains(text, want.says) {
			t.Errorf("%s: status %d, want %d and %q: %s", path, status, want.status, want.says, text)
		}
	}
	if _, text := m.sendWhole("/metrics"); !strings.Contains(text, `octopod_env_repo_up{project="books"} 0`) || !strings.Contains(text, `octopod_env_repo_up{project="shop"} 1`) {
		t.Error("the metrics do not show which env repo cannot be read")
	}
}

// A token that is rotated in its file works at the next request. Until then, git's refusal is
// a fault of the server: nobody is refused in the audit log.
func TestRotatedTokenFile(t *testing.T) {
	m := newMatrixOn(t, remoteEnvRepo)
	set := httpapi.ChangeRequest{Action: staging.Action{Set: map[string]string{"LOG_LEVEL": "warn"}}}
	m.git.Require("octopod", "rotated")
	status, text := m.send(http.MethodPost, apiShop+"/stagings/login/set", set, m.tokens['a'])
	if status != http.StatusServiceUnavailable || !strings.Contains(text, "credentials of the server") {
		t.Errorf("a write with a refused token: status %d: %s", status, text)
	}
	if strings.Contains(m.audit.String(), "Refused") {
		t.Errorf("the audit log has %s", m.audit)
	}
	if err := os.WriteFile(m.tokenFile, []byte("rotated\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, text := m.send(http.MethodPost, apiShop+"/stagings/login/set", set, m.tokens['a']); status != http.StatusOK {
		t.Errorf("a write with the rotated token: status %d: %s", status, text)
	}
}

// patienceOfTests is how long the servers of these tests try a write again.
const patienceOfTests = 10 * time.Second

// Writes during a fault of the git server end in success, or in one sentence within the
// patience. No commit that was answered with success is missing, and none is there twice.
func TestWritesWhileGitFails(t *testing.T) {
	for name, fail := range gitFaults() {
		t.Run(name, func(t *testing.T) {
			m := newMatrixOn(t, remoteEnvRepo)
			fail(m.git)
			heal := time.AfterFunc(2*time.Second, func() {
				m.git.Intercept(nil)
				m.git.Latency(0)
				_ = os.WriteFile(m.tokenFile, []byte("another\n"), 0o600) // the next writes report it
				if name != "rotates its credential" {
					m.git.Require("", "")
				}
			})
			defer heal.Stop()
			const writers = 4
			got := make([]measured, writers)
			var all sync.WaitGroup
			for i := range writers {
				all.Go(func() { got[i] = m.deploy(i) })
			}
			all.Wait()
			testenv.Eventually(t, "writes succeed after the fault", func() (string, bool) {
				last := m.deploy(writers)
				return last.text, last.status == http.StatusOK
			})
			subjects := testenv.Git(t, m.path, "log", "--format=%s", "main")
			for i, is := range got {
				commits := strings.Count(subjects, fmt.Sprintf("deploy w%d", i))
				if is.status == http.StatusOK && commits != 1 || commits > 1 {
					t.Errorf("write %d: status %d, and %d commits", i, is.status, commits)
				}
				if limit := patienceOfTests + 5*time.Second + slack; is.took > limit {
					t.Errorf("write %d took %s", i, is.took)
				}
				var problem struct{ Message string }
				if err := json.Unmarshal([]byte(is.text), &problem); is.status != http.StatusOK && (err != nil || problem.Message == "" || strings.Contains(problem.Message, "\n")) {
					t.Errorf("write %d: %d %s", i, is.status, is.text)
				}
			}
		})
	}
}

// deploy deploys a new staging.
func (m *matrix) deploy(number int) measured {
	began := time.Now()
	name := fmt.Sprint("w", number)
	status, text := m.send(http.MethodPost, apiShop+"/stagings/"+name+"/deploy",
		httpapi.ChangeRequest{Action: staging.Action{Branch: "feature/" + name}}, m.tokens['a'])
	return measured{status, text, time.Since(began)}
}
