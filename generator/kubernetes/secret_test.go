package kubernetes

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"octopod/generator/database"
)

// api holds one Secret over the protocol of the Kubernetes API, as its documentation of
// Secrets and of merge patches describes it. The e2e tests use the real one.
type api struct {
	stored  map[string][]byte
	refuses int // the status of the next answers; 0 for none
	calls   []string
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.calls = append(a.calls, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type"))
	var sent secret
	body, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(body, &sent) // a GET has none
	switch {
	case a.refuses != 0:
		w.WriteHeader(a.refuses)
		_, _ = w.Write([]byte(`{"kind":"Status","message":"secrets is forbidden"}`))
		return
	case r.Header.Get("Authorization") != "Bearer of-the-pod":
		w.WriteHeader(http.StatusUnauthorized)
		return
	case r.Method == http.MethodPost && a.stored == nil:
		a.stored = sent.Data
		w.WriteHeader(http.StatusCreated)
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusConflict)
	case a.stored == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodPatch:
		maps.Copy(a.stored, sent.Data)
	}
	_ = json.NewEncoder(w).Encode(secret{APIVersion: "v1", Kind: "Secret", Data: a.stored})
}

// inPod returns a Secret whose API is a.
func inPod(t *testing.T, a *api) *Secret {
	t.Helper()
	server := httptest.NewTLSServer(a)
	t.Cleanup(server.Close)
	account := t.TempDir()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for name, text := range map[string]string{"token": "of-the-pod\n", "namespace": "shop-login", "ca.crt": string(authority)} {
		if err := os.WriteFile(filepath.Join(account, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	host, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	s, err := InPod(host, port, account, "database")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var login = database.Login{Host: "pg.databases.svc", Port: 5432, Database: "shop_login", User: "shop_login", Password: "p@ss/w:rd", SSLMode: "disable"}

func TestSecretIsCreatedOnceAndKept(t *testing.T) {
	a := &api{}
	s := inPod(t, a)
	ctx := context.Background()
	if password, err := s.Password(ctx); password != "" || err != nil {
		t.Fatalf("password %q, %v", password, err)
	}
	for range 2 {
		if err := s.Keep(ctx, login); err != nil {
			t.Fatal(err)
		}
	}
	if password, err := s.Password(ctx); password != login.Password || err != nil {
		t.Errorf("password %q, %v", password, err)
	}
	a.stored["OF_THE_TEAM"] = []byte("stays")
	moved := login
	moved.Host = "pg2.databases.svc"
	if err := s.Keep(ctx, moved); err != nil {
		t.Fatal(err)
	}
	if string(a.stored["PGHOST"]) != moved.Host || string(a.stored["OF_THE_TEAM"]) != "stays" {
		t.Errorf("the Secret holds %s", a.stored)
	}
	writes := 0
	for _, call := range a.calls {
		switch call {
		case "POST /api/v1/namespaces/shop-login/secrets application/json", "PATCH /api/v1/namespaces/shop-login/secrets/database application/merge-patch+json":
			writes++
		case "GET /api/v1/namespaces/shop-login/secrets/database ":
		default:
			t.Errorf("unexpected call %s", call)
		}
	}
	if writes != 2 {
		t.Errorf("%d writes: %v", writes, a.calls)
	}
	address, err := url.Parse(string(a.stored["DATABASE_URL"]))
	if password, _ := address.User.Password(); err != nil || password != login.Password || address.Host != "pg2.databases.svc:5432" || address.Path != "/shop_login" {
		t.Errorf("DATABASE_URL %s", a.stored["DATABASE_URL"])
	}
}

func TestRefusals(t *testing.T) {
	for status, code := range map[int]database.Code{
		401: database.Denied, 403: database.Denied, 500: database.Unreachable, 503: database.Unreachable, 429: database.Unreachable, 422: database.Failed,
	} {
		err := inPod(t, &api{refuses: status}).Keep(context.Background(), login)
		var fault *database.Fault
		if !errors.As(err, &fault) || fault.Code != code {
			t.Errorf("%d is %v, want %s", status, err, code)
		}
	}
	gone := inPod(t, &api{})
	gone.api = "https://127.0.0.1:1/api"
	_, err := gone.Password(context.Background())
	if database.LastWordsOf(err, "").Code != database.Unreachable {
		t.Errorf("an API that does not answer is %v", err)
	}
}

func TestOutsideAPod(t *testing.T) {
	for name, open := range map[database.Code]func() error{
		database.Usage:  func() error { _, err := InPod("", "", "", "database"); return err },
		database.Denied: func() error { _, err := InPod("10.0.0.1", "443", t.TempDir(), "database"); return err },
	} {
		if code := database.LastWordsOf(open(), "").Code; code != name {
			t.Errorf("code %s, want %s", code, name)
		}
	}
}
