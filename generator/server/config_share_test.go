package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"octopod/generator/auth"
	"octopod/generator/branch"
	"octopod/generator/staging"
)

const ownForges = `projects:
- envRepo: shop.git
  forges: [{host: github.com, kind: github, token: {env: SHOP_TOKEN}, webhook: {secret: {env: SHOP_HOOK}}}]
  notify: {sinks: [{name: shop-chat, kind: slack, url: {env: SHOP_CHAT}}]}
- envRepo: books.git
forges: [{host: gitlab.example.com, kind: gitlab, token: {env: ALL}, shared: true}]
notify: {sinks: [{name: all, kind: slack, url: {env: ALL}, shared: true}]}
`

// A forge, with its token and webhook secret, and a sink belong to one project: an
// octopod.yaml of another team cannot use them.
func TestForgesAndSinksBelongToAProject(t *testing.T) {
	config, err := ReadConfig(writeConfig(t, ownForges))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"gitlab.example.com github.com all shop-chat", "gitlab.example.com all"} {
		allowed := config.For(config.Projects[i])
		var got []string
		for _, f := range allowed.Forges {
			got = append(got, f.Host)
		}
		if text := strings.Join(append(got, allowed.Notify.SinkNames()...), " "); text != want {
			t.Errorf("project %d may use %s, want %s", i, text, want)
		}
	}
	if got := strings.Join(config.AllSinks().SinkNames(), " "); got != "all shop-chat" {
		t.Errorf("the server has the sinks %s", got)
	}
}

// The only project of a server uses every forge. With several projects, a common forge has
// shared: true.
func TestAForgeOfSeveralProjectsSaysSo(t *testing.T) {
	const rest = "forges: [{host: github.com, kind: github}]\nnotify: {sinks: [{name: chat, kind: slack, url: {env: CHAT}}]}\n"
	config, err := ReadConfig(writeConfig(t, "projects: [{envRepo: shop.git}]\n"+rest))
	if err != nil {
		t.Fatal(err)
	}
	if allowed := config.For(config.Projects[0]); len(allowed.Forges) != 1 || len(allowed.Notify.Sinks) != 1 {
		t.Errorf("the only project may use %+v", allowed)
	}
	_, err = ReadConfig(writeConfig(t, "projects: [{envRepo: shop.git}, {envRepo: books.git}]\n"+rest))
	for _, want := range []string{":2: forges[0].host: the server has several projects", ":3: notify.sinks[0].name: the server has several projects", "shared: true"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("not said: %s\nbut: %v", want, err)
		}
	}
}

// The secret of one project's webhooks is not valid for another project, and does not
// reveal its existence.
func TestAWebhookSecretBelongsToAProject(t *testing.T) {
	shop, books := "shop", "books"
	a, b := &servedProject{means: &currentMeans{}}, &servedProject{means: &currentMeans{}}
	a.means.Store(&means{senders: []branch.Sender{{Host: "gitlab.com", Kind: "gitlab", Secret: "of shop"}}})
	b.means.Store(&means{})
	a.name.Store(&shop)
	b.name.Store(&books)
	h := &webhooks{Server: &Server{projectSet: newProjectSet(a, b), now: time.Now}, bodies: newWebhookBodies()}
	h.gate.Store(&gate{Auth: new(auth.Auth)})
	r := httptest.NewRequest(http.MethodPost, "/hooks/books", strings.NewReader("{}"))
	r.SetPathValue("project", "books")
	r.Header.Set("X-Gitlab-Event", "Push Hook")
	r.Header.Set("X-Gitlab-Token", "of shop")
	if _, err := h.accept(httptest.NewRecorder(), r); staging.CodeOf(err) != staging.CodeUnauthorized {
		t.Errorf("got %v", err)
	}
	if senders := h.sendersFor(nil, staging.Errorf(staging.CodeNotFound, "there is no such project")); len(senders) > 0 {
		t.Errorf("%v learn that there is no such project", senders)
	}
	if senders := h.sendersFor(nil, staging.Errorf(staging.CodeUnavailable, "not read yet")); len(senders) != 1 {
		t.Errorf("%v are asked to try again", senders)
	}
}
