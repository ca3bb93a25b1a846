package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"octopod/generator/httpapi"
	"octopod/generator/testenv/argoserver"
)

// The server answers every request as recorded, and makes the same commits.
//
// A question is USER METHOD PATH, then any number of HEADER:VALUE, then a body in JSON, or
// form:FIELD=VALUE&… as a page sends it. USER is a first name, token:NAME, or nobody for a
// request without sign-in. For QUESTION && QUESTION, only the last answer is compared.
func TestCorpusServer(t *testing.T) {
	p := corpusSubject(t)
	enterCorpus(t)
	alone, beside := serveCorpus(t, p, nil), serveCorpus(t, p, serveArgoCD(t))
	for _, asked := range []struct{ file, url string }{{"reads", alone}, {"writes", alone}, {"openapi", alone}, {"argocd", beside}} {
		t.Run(asked.file, func(t *testing.T) {
			answers := readAnswers(t, filepath.Join(corpusDir, "server", asked.file+".txtar"))
			answers.check(t, func(t testing.TB, question string) string { return request(t, asked.url, question) })
		})
	}
}

// The command line prints the same with --server as on the env repo, except for the hash of
// the tested settings, which a server does not return.
func TestCorpusThroughAServer(t *testing.T) {
	if *record != "" {
		t.Skip("compares two backends of this tree")
	}
	enterCorpus(t)
	env := map[string]string{
		"OCTOPOD_SERVER": serveCorpus(t, thisTree{}, nil), "OCTOPOD_TOKEN": "octopod_corpus_admin",
		"OCTOPOD_ALLOW_PLAIN_HTTP": "true", "OCTOPOD_PROJECT": "shop",
	}
	for _, about := range []string{"get", "describe", "history", "manifests", "branches", "plans"} {
		t.Run(about, func(t *testing.T) {
			answers := readAnswers(t, filepath.Join(corpusDir, "shop", about+".txtar"))
			for i, file := range answers.Files {
				answers.Files[i].Data = settingsSum.ReplaceAll(file.Data, nil)
			}
			q := newAsker(thisTree{}, bareRepo{t, "shop.git"}, env)
			answers.check(t, func(t testing.TB, question string) string {
				return settingsSum.ReplaceAllString(q.ask(t, question), "")
			})
		})
	}
}

var settingsSum = regexp.MustCompile(`,\s+"settings": "[0-9a-f]{16}"`)

// serveCorpus starts a server for the env repos.
func serveCorpus(t *testing.T, p corpusProgram, env map[string]string) (url string) {
	t.Helper()
	all := map[string]string{"CORPUS_WEBHOOK_SECRET": "secret", "CORPUS_CHAT": "http://127.0.0.1:1/chat"}
	maps.Copy(all, env)
	config := filepath.Join(corpusDir, "server", "server.yaml")
	return p.serve(t, call{at: corpusNow, args: []string{"serve", "--listen", "127.0.0.1:0", "--server-config", config}, env: all})
}

// serveArgoCD starts the Argo CD of the corpus and returns the variables for its clients.
func serveArgoCD(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(corpusDir, "server", "argocd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	address := argoserver.Serve(t, []byte(bareRepo{t, "shop.git"}.withRevisions(string(file))))
	return map[string]string{"ARGOCD_SERVER": address, "ARGOCD_AUTH_TOKEN": "token", "ARGOCD_OPTS": "--plaintext"}
}

// comparedHeaders are the response headers that clients use.
var comparedHeaders = []string{"Content-Type", "Cache-Control", "ETag", "Location", "Allow", "Link", "Retry-After", "Www-Authenticate", "X-Accel-Buffering"}

// request sends one question and returns the answer with the new commits, which it
// reverts.
func request(t testing.TB, url, question string) string {
	t.Helper()
	requests := strings.Split(question, " && ")
	last := requests[len(requests)-1]
	repo := bareRepo{t, repoOfPath(strings.Fields(last)[2])}
	tip := repo.tip()
	defer repo.resetTo(tip)
	for _, prepare := range requests[:len(requests)-1] {
		ask(t, url, prepare).Body.Close()
	}
	before := repo.tip()
	answer := ask(t, url, last)
	defer answer.Body.Close()
	text := answerHead(answer) + answerBody(t, answer)
	return repo.withoutHashes(before, strings.ReplaceAll(text, url, "http://server")+repo.commitsSince(before))
}

// ask sends one request.
func ask(t testing.TB, url, question string) *http.Response {
	t.Helper()
	line, body, _ := strings.Cut(question, " {")
	words := splitWords(line)
	r, err := http.NewRequestWithContext(t.Context(), words[1], url+words[2], nil)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		send(r, "application/json", "{"+body)
	}
	signIn(r, words[0])
	for _, word := range words[3:] {
		if name, value, _ := strings.Cut(word, ":"); name == "form" {
			send(r, "application/x-www-form-urlencoded", value)
		} else {
			r.Header.Set(name, value)
		}
	}
	answer, err := noRedirects.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func send(r *http.Request, kind, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
}

var noRedirects = http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// signIn adds the user of a request: in the headers of a proxy, or with a token.
func signIn(r *http.Request, who string) {
	switch token, isToken := strings.CutPrefix(who, "token:"); {
	case isToken:
		r.Header.Set("Authorization", "Bearer octopod_corpus_"+token)
	case who != "nobody":
		r.Header.Set("X-Forwarded-User", who)
		r.Header.Set("X-Forwarded-Email", who+"@example.com")
	}
}

// repoOfPath returns the env repo of the project in a path.
func repoOfPath(path string) string {
	project := regexp.MustCompile(`^(?:/api/v1/projects)?/(\w+)`).FindStringSubmatch(path)
	if project == nil {
		return "shop.git"
	}
	if _, err := os.Stat(project[1] + ".git"); err != nil {
		return "shop.git"
	}
	return project[1] + ".git"
}

// recordTag finds the version of a record in an ETag.
var recordTag = regexp.MustCompile(`^"[0-9a-f]+`)

func answerHead(answer *http.Response) string {
	head := fmt.Sprintf("HTTP %d\n", answer.StatusCode)
	for _, name := range comparedHeaders {
		for _, value := range answer.Header.Values(name) {
			if name == "ETag" && answer.StatusCode == http.StatusOK { // that of a body is another each time: only the version of a record is compared
				if value = recordTag.FindString(value); value == "" {
					continue
				}
				value += `"`
			}
			head += name + ": " + value + "\n"
		}
	}
	return head
}

// answerBody returns a body for comparison. It omits HTML pages, which are for people.
func answerBody(t testing.TB, answer *http.Response) string {
	t.Helper()
	kind := answer.Header.Get("Content-Type")
	if kind == "text/event-stream" {
		return firstEvents(t, answer.Body)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "text/html") || len(body) == 0 {
		return ""
	}
	switch answer.Request.URL.Path {
	case "/metrics":
		return "=== body\n" + metricsOf(string(body))
	case httpapi.Path + "/openapi.json":
		return "=== body\n" + openAPIOf(t, body)
	}
	return "=== body\n" + endLine(onLines(body))
}

// onLines indents JSON, and returns any other text unchanged.
func onLines(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

// sample matches one line of /metrics: a name, labels and a value.
var sample = regexp.MustCompile(`(?m)^(octopod_\w+)(?:\{(.*)\})? \S+$`)

// metricsOf lists the server's own metrics with their types and labels, without values and
// help texts.
func metricsOf(text string) string {
	lines := regexp.MustCompile(`(?m)^# TYPE octopod_.*$`).FindAllString(text, -1)
	for _, found := range sample.FindAllStringSubmatch(text, -1) {
		lines = append(lines, found[1]+" "+strings.Join(regexp.MustCompile(`\w+=`).FindAllString(found[2], -1), ""))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}

// firstEvents returns the events of a stream before it waits for changes. It sorts them,
// because the order of the stagings is random.
func firstEvents(t testing.TB, stream io.Reader) string {
	t.Helper()
	var events []string
	kind := ""
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, 1<<20)
	for kind != "complete" && lines.Scan() {
		switch field, value, _ := strings.Cut(lines.Text(), ": "); field {
		case "event":
			kind = value
		case "data":
			events = append(events, "=== event "+kind+"\n"+onLines([]byte(value))+"\n")
		}
	}
	if kind != "complete" {
		t.Fatalf("the stream ends after %q: %v", events, lines.Err())
	}
	slices.Sort(events)
	return strings.Join(events, "")
}
