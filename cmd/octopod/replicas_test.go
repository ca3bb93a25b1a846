package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"octopod/generator/httpapi"
	"octopod/generator/testenv"
)

// received counts messages by the staging that they are about, and by their id.
type received struct {
	mu  sync.Mutex
	ids map[string]map[string]int
}

// aboutStaging finds the staging in a message about its deletion.
var aboutStaging = regexp.MustCompile(`(b\d+) is deleted`)

func (r *received) add(text, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := aboutStaging.FindStringSubmatch(text)
	if found == nil {
		return
	}
	if r.ids[found[1]] == nil {
		r.ids[found[1]] = map[string]int{}
	}
	r.ids[found[1]][id]++
}

// of returns the number of messages about a staging, and of different ids among them.
func (r *received) of(name string) (messages, different int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.ids[name] {
		messages += n
	}
	return messages, len(r.ids[name])
}

// receiveHTTP starts a chat or a receiver of events, and returns its address.
func receiveHTTP(t *testing.T) (*received, string) {
	t.Helper()
	got := &received{ids: map[string]map[string]int{}}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body) // of a server that was killed: half a message
		got.add(string(text), r.Header.Get("webhook-id"))
	}))
	t.Cleanup(s.Close)
	return got, s.URL
}

// mailbox is one connection to the mail server of receiveMail.
type mailbox struct{ got *received }

func (mailbox) Mail(string, *smtp.MailOptions) error { return nil }
func (mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (mailbox) Reset()                               {}
func (mailbox) Logout() error                        { return nil }
func (m mailbox) Data(r io.Reader) error {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	m.got.add(msg.Header.Get("Subject"), msg.Header.Get("Message-ID"))
	return nil
}

// receiveMail starts a mail server, and returns its address.
func receiveMail(t *testing.T) (*received, string) {
	t.Helper()
	got := &received{ids: map[string]map[string]int{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailbox{got}, nil }))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }() // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	return got, listener.Addr().String()
}

// Two servers, one of which is killed at random moments. Each notification arrives. A mail
// and an event have one id, however often a server died between the delivery and its
// record; a chat shows a message again only if a server died.
func TestKilledServersDeliverOnce(t *testing.T) {
	const rounds = 6
	dir := t.TempDir()
	git := servedGit(t, dir, "shop")
	repo := filepath.Join(dir, "shop.git")
	edit(t, repo, func(text []byte) []byte {
		return []byte(strings.Replace(string(text), "\nspec:\n", "\nspec:\n  notify: [{to: chat, on: [deleted]}, {to: mail, on: [deleted]}, {to: program, on: [deleted]}]\n", 1))
	})
	chat, chatURL := receiveHTTP(t)
	program1, programURL := receiveHTTP(t)
	mails, mailServer := receiveMail(t)
	config := filepath.Join(dir, "server.yaml")
	text := fmt.Sprintf(`projects: [{envRepo: %s/shop.git}]
takeover: 2s
notify:
  sinks:
  - {name: chat, kind: mattermost, url: {env: CHAT}}
  - {name: program, kind: webhook, url: {env: PROGRAM}, key: {env: KEY}}
  - {name: mail, kind: email, server: %q, encryption: none, from: octopod@example.com, to: [qa@example.com]}
`, git.URL, mailServer)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	env := []string{"CHAT=" + chatURL, "PROGRAM=" + programURL, "KEY=whsec_" + strings.Repeat("QUJD", 8), "OCTOPOD_ALLOW_PLAIN_HTTP=true"}
	start := func() *serverProcess { return startServer(t, dir, env, "--server-config", config) }
	servers := []*serverProcess{start(), start()}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, seed))
	kills := 0
	for round := range rounds {
		name := fmt.Sprint("b", round)
		program(t, dir, []string{"OCTOPOD_ENV_REPO=" + repo}, "deploy", name, "--branch", "feature/"+name)
		for _, s := range servers {
			testenv.Eventually(t, "a server knows "+name, func() (string, bool) {
				list := fetch(t, s.url+httpapi.Path+"/projects/shop/stagings")
				return list, strings.Contains(list, `"`+name+`"`)
			})
		}
		program(t, dir, []string{"OCTOPOD_ENV_REPO=" + repo}, "delete", name, "--yes")
		if round%2 == 1 {
			time.Sleep(time.Duration(random.IntN(2500)) * time.Millisecond) // the random moment
			victim := random.IntN(len(servers))
			if err := servers[victim].cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-servers[victim].ended
			servers[victim] = start()
			kills++
		}
	}
	testenv.Eventually(t, "the journal has every delivery", func() (int, bool) {
		n := journaled(t, repo)
		return n, n == 3*rounds
	})
	for _, s := range servers {
		s.end(t)
	}
	for round := range rounds {
		name := fmt.Sprint("b", round)
		for where, got := range map[string]*received{"mails": mails, "events": program1} {
			if n, different := got.of(name); n < 1 || different != 1 {
				t.Errorf("%s: %d %s with %d ids", name, n, where, different)
			}
		}
		if n, _ := chat.of(name); n < 1 || n > 1+kills {
			t.Errorf("%s: %d chat messages after %d kills", name, n, kills)
		}
	}
}

// journaled counts the deliveries that the journal of the servers records.
func journaled(t *testing.T, repo string) int {
	t.Helper()
	const ref = "refs/octopod/notifications"
	files, err := testenv.TryGit(repo, "ls-tree", "--name-only", ref)
	if err != nil {
		return 0 // nothing was delivered yet
	}
	n := 0
	for _, file := range strings.Fields(files) {
		if !strings.HasPrefix(file, "delivered-") {
			continue
		}
		text, err := testenv.TryGit(repo, "show", ref+":"+file)
		if err != nil {
			return 0 // replaced meanwhile
		}
		var shard map[string]struct{ Notices []string }
		if err := json.Unmarshal([]byte(text), &shard); err != nil {
			t.Fatal(err)
		}
		for _, d := range shard {
			n += len(d.Notices)
		}
	}
	return n
}
