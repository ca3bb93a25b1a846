package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/testenv"
)

// BenchmarkGoalMemory sends 10,000 requests to a server of 2,000 stagings: pages, searches,
// reads of the API, event streams and some saves, by people of each role. Goal: at most 1.2
// times the memory after 1,000 requests.
func BenchmarkGoalMemory(b *testing.B) {
	const stagings = 2000
	for range b.N {
		dir := b.TempDir()
		t := &traffic{stagings: stagings}
		t.start(b, dir, []string{t.largeRepo(b, dir)})
		t.send(b, 0, 1000)
		early := t.memory(b, "early")
		t.send(b, 1000, 10_000)
		late := t.memory(b, "late")
		b.ReportMetric(late/early, "memory-ratio")
		b.ReportMetric(late/early/1.2, "memory/goal")
		t.server.end(b)
	}
	b.ReportMetric(0, "ns/op")
}

// traffic is what people and programs ask of one project of a server.
type traffic struct {
	server   *serverProcess
	stagings int
	tokens   []string // of two actors for each role
}

// largeRepo creates an env repo with the stagings.
func (t *traffic) largeRepo(b *testing.B, dir string) string {
	b.Helper()
	binary, err := exec.LookPath("octopod") // the program of this tree
	if err != nil {
		b.Fatal(err)
	}
	return largeEnvRepo(b, binary, filepath.Join(dir, "repos"), t.stagings)
}

// start starts a server whose env repos are on a git server over HTTP. Webhooks would
// announce the commits of others, so it reads every repo once a minute.
func (t *traffic) start(b *testing.B, dir string, repos []string) {
	b.Helper()
	git := testenv.ServeHTTP(b, filepath.Dir(repos[0]))
	config := "projects:\n"
	for _, repo := range repos {
		config += fmt.Sprintf("- {envRepo: %s/%s}\n", git.URL, filepath.Base(repo))
	}
	config += "sweep: {off: true}\nauth:\n  mode: none\n  tokens:\n"
	for _, role := range []string{"viewer", "user", "admin"} {
		for n := range 2 {
			secret, hash := auth.NewToken()
			t.tokens = append(t.tokens, secret)
			config += fmt.Sprintf("  - {name: %s-%d, hash: %q, expires: 2999-01-01T00:00:00Z, role: %s}\n", role, n, hash, role)
		}
	}
	file := filepath.Join(dir, "server.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		b.Fatal(err)
	}
	t.server = startServer(b, dir, []string{"OCTOPOD_ALLOW_PLAIN_HTTP=true"}, "--server-config", file, "--poll", "1m", "--audit", filepath.Join(dir, "audit.jsonl"))
}

// send sends the requests of a range of numbers, eight at a time.
func (t *traffic) send(b *testing.B, from, to int) {
	b.Helper()
	numbers := make(chan int)
	var people sync.WaitGroup
	for range 8 {
		people.Go(func() {
			for i := range numbers {
				if err := t.request(i); err != nil {
					b.Errorf("request %d: %v", i, err)
				}
			}
		})
	}
	for i := from; i < to; i++ {
		numbers <- i
	}
	close(numbers)
	people.Wait()
}

// request sends one request. Its kind, actor and staging follow from its number.
func (t *traffic) request(i int) error {
	name, token := t.name(i), t.tokens[i/7%len(t.tokens)]
	admin := t.tokens[len(t.tokens)-1-i%2]
	const api = "/api/v1/projects/shop"
	if i%50 == 49 {
		_, err := t.read(http.MethodPost, api+"/stagings/"+name+"/set", `{"set":{"LOG_LEVEL":"`+level(i/50)+`"}}`, admin)
		return err
	}
	forAll := []string{
		"/shop/", "/shop/?sort=name&status=busy", "/shop/?q=" + name, "/shop/?q=feature+" + strconv.Itoa(i%90),
		"/shop/stagings/" + name, "/shop/stagings/" + name, "/shop/?sort=created",
		api + "/stagings", api + "/stagings?limit=50", api + "/stagings?where=author%3Dci&limit=100", api + "/stagings/" + name,
		api + "/stagings/" + name + "/history", api + "/events", api + "/events?name=" + name,
	}
	forAdmins := []string{
		"/shop/stagings/" + name + "/settings", "/shop/stagings/" + name + "/files", "/shop/activity",
		api + "/stagings/" + name + "/manifests", api + "/activity?limit=20",
	}
	kind := i % (len(forAll) + len(forAdmins))
	if kind < len(forAll) {
		_, err := t.read(http.MethodGet, forAll[kind], "", token)
		return err
	}
	_, err := t.read(http.MethodGet, forAdmins[kind-len(forAll)], "", admin)
	return err
}

// read sends a request and returns the answer, of an event stream only the beginning.
func (t *traffic) read(method, path, body, token string) (string, error) {
	r, err := http.NewRequest(method, t.server.url+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if strings.Contains(path, "/events") && answer.StatusCode == http.StatusOK { // a reader that stays for the first event
		return bufio.NewReader(answer.Body).ReadString('\n')
	}
	text, err := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s %s: %s %s", method, path, answer.Status, text)
	}
	return string(text), err
}

func (t *traffic) name(i int) string { return fmt.Sprintf("f-%04d", i*37%t.stagings) }

var (
	nextCollection = regexp.MustCompile(`(?m)^go_memstats_next_gc_bytes (\S+)`)
	collections    = regexp.MustCompile(`(?m)^go_gc_duration_seconds_count (\S+)`)
)

// memory returns the resident memory of the server in MB, as it is some seconds after the
// traffic: garbage of the last requests says more about the collector than about the server. It
// also reports the memory during the traffic, and what is live: the collector runs next when
// that has doubled.
func (t *traffic) memory(b *testing.B, when string) float64 {
	b.Helper()
	b.ReportMetric(memory(b, t.server), when+"-busy-MB")
	for n := t.metric(b, collections); t.metric(b, collections) < n+2; { // each answer is some garbage
	}
	b.ReportMetric(t.metric(b, nextCollection)/2e6, when+"-live-MB")
	resident := memory(b, t.server)
	testenv.Eventually(b, "the server returns the memory that it does not use", func() (float64, bool) {
		time.Sleep(time.Second) // the runtime returns it in the background, some MB a second
		before := resident
		resident = memory(b, t.server)
		return resident, resident > before*0.99
	})
	b.ReportMetric(resident, when+"-MB")
	return resident
}

// metric reads a number from the metrics of the server.
func (t *traffic) metric(b *testing.B, expression *regexp.Regexp) float64 {
	b.Helper()
	found := expression.FindStringSubmatch(fetch(b, t.server.url+"/metrics"))
	if found == nil {
		b.Fatalf("the metrics lack %s", expression)
	}
	value, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		b.Fatal(err)
	}
	return value
}
