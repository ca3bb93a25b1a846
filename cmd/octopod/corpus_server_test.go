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

// The server answers every request as before, and commits the same.
//
// A question is WHO METHOD PATH, then HEADER:VALUE as often as needed, then a body
// in JSON, or form:FIELD=VALUE&… as a page sends it. Of QUESTION && QUESTION the
// last one alone is compared. Who is a first name, token:NAME, or nobody, who has not signed in.
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

// Through a server the command line answers as on the env repo itself, except
// that a server does not show the sum of the settings that somebody tried.
func TestCorpusThroughAServer(t *testing.T) {
	if *record != "" {
		t.Skip("compares two ways to ask")
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

// serveCorpus starts a server of the env repos.
func serveCorpus(t *testing.T, p corpusProgram, env map[string]string) (url string) {
	t.Helper()
	all := map[string]string{"CORPUS_WEBHOOK_SECRET": "secret", "CORPUS_CHAT": "http://127.0.0.1:1/chat"}
	maps.Copy(all, env)
	config := filepath.Join(corpusDir, "server", "server.yaml")
	return p.serve(t, call{at: corpusNow, args: []string{"serve", "--listen", "127.0.0.1:0", "--server-config", config}, env: all})
}

// serveArgoCD starts the Argo CD of the corpus and gives the variables that
// make the program ask it.
func serveArgoCD(t *testing.T) map[string]string {
	t.Helper()
	file, err := os.ReadFile(filepath.Join(corpusDir, "server", "argocd.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	address := argoserver.Serve(t, []byte(bareRepo{t, "shop.git"}.withRevisions(string(file))))
	return map[string]string{"ARGOCD_SERVER": address, "ARGOCD_AUTH_TOKEN": "token", "ARGOCD_OPTS": "--plaintext"}
}

// shownHeaders are the headers of an answer that clients go by.
var shownHeaders = []string{"Content-Type", "Cache-Control", "ETag", "Location", "Allow", "Link", "Retry-After", "Www-Authenticate", "X-Accel-Buffering"}

// request asks one question and writes down the answer, and what was committed.
// That is taken back.
func request(t testing.TB, url, question string) string {
	t.Helper()
	requests := strings.Split(question, " && ")
	last := requests[len(requests)-1]
	repo := bareRepo{t, askedRepo(strings.Fields(last)[2])}
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

// signIn says who sends a request, as a proxy does or with a token.
func signIn(r *http.Request, who string) {
	switch token, isToken := strings.CutPrefix(who, "token:"); {
	case isToken:
		r.Header.Set("Authorization", "Bearer octopod_corpus_"+token)
	case who != "nobody":
		r.Header.Set("X-Forwarded-User", who)
		r.Header.Set("X-Forwarded-Email", who+"@example.com")
	}
}

// askedRepo is the env repo of the project that a path names.
func askedRepo(path string) string {
	project := regexp.MustCompile(`^(?:/api/v1/projects)?/(\w+)`).FindStringSubmatch(path)
	if project == nil {
		return "shop.git"
	}
	if _, err := os.Stat(project[1] + ".git"); err != nil {
		return "shop.git"
	}
	return project[1] + ".git"
}

func answerHead(answer *http.Response) string {
	head := fmt.Sprintf("HTTP %d\n", answer.StatusCode)
	for _, name := range shownHeaders {
		for _, value := range answer.Header.Values(name) {
			head += name + ": " + value + "\n"
		}
	}
	return head
}

// answerBody writes down a body. Of a page there is nothing to compare: its
// words are for people.
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

// onLines gives a JSON text on several lines, and any other as it is.
func onLines(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

// sample is one line of /metrics: a name, labels and a value.
var sample = regexp.MustCompile(`(?m)^(octopod_\w+)(?:\{(.*)\})? \S+$`)

// metricsOf lists the server's own metrics with their types and labels. Their
// values differ each time, and what they are about is explained to people.
func metricsOf(text string) string {
	lines := regexp.MustCompile(`(?m)^# TYPE octopod_.*$`).FindAllString(text, -1)
	for _, found := range sample.FindAllStringSubmatch(text, -1) {
		lines = append(lines, found[1]+" "+strings.Join(regexp.MustCompile(`\w+=`).FindAllString(found[2], -1), ""))
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n") + "\n"
}

// firstEvents writes down what a stream of events tells before it waits for
// changes. The stagings come in any order, and the events are numbered by it.
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
