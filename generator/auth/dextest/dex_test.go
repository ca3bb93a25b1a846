package dextest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/dexidp/dex/connector"
	"github.com/dexidp/dex/pkg/log"
	"github.com/dexidp/dex/server"
	"github.com/dexidp/dex/storage"
	"github.com/dexidp/dex/storage/memory"
	"github.com/dexidp/dex/web"
	"github.com/sirupsen/logrus"
)

const clientSecret = "the-client-secret"

// staff is a connector of dex, like LDAP or GitHub: it holds people, their passwords
// and their groups.
type staff map[string]connector.Identity

const password = "correct horse"

// Open implements server.ConnectorConfig.
func (s staff) Open(string, log.Logger) (connector.Connector, error) { return s, nil }

func (s staff) Prompt() string { return "Name" }

func (s staff) Login(_ context.Context, scopes connector.Scopes, name, given string) (connector.Identity, bool, error) {
	identity, known := s[name]
	if !scopes.Groups {
		identity.Groups = nil
	}
	return identity, known && given == password, nil
}

func person(id, name, email string, verified bool, groups ...string) connector.Identity {
	return connector.Identity{UserID: id, Username: name, Email: email, EmailVerified: verified, Groups: groups}
}

var people = staff{
	"grace": person("1", "Grace", "grace@example.com", true, "testers", "everybody"),
	"lee":   person("2", "Lee", "lee@example.com", true, "leads"),
	"joe":   person("3", "Joe", "joe@example.com", true),
	"eve":   person("4", "Eve", "ada@example.com", false), // claims to be Ada
}

// startDex runs dex with Octopod's address as a client and returns the issuer.
func startDex(t *testing.T, octopod string) string {
	t.Helper()
	var dex http.Handler
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { dex.ServeHTTP(w, r) }))
	t.Cleanup(at.Close)

	quiet := logrus.New()
	quiet.SetOutput(io.Discard)
	kept := memory.New(quiet)
	if err := kept.CreateClient(storage.Client{
		ID: "octopod", Secret: clientSecret, Name: "Octopod", RedirectURIs: []string{octopod + "/auth/callback"},
	}); err != nil {
		t.Fatal(err)
	}
	server.ConnectorsConfig["staff"] = func() server.ConnectorConfig { return people }
	if err := kept.CreateConnector(storage.Connector{ID: "staff", Type: "staff", Name: "Staff"}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	var err error
	if dex, err = server.NewServer(ctx, server.Config{
		Issuer: at.URL, Storage: kept, SkipApprovalScreen: true, Web: server.WebConfig{WebFS: web.FS()}, Logger: quiet,
	}); err != nil {
		t.Fatal(err)
	}
	return at.URL
}
