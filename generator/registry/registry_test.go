package registry_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	real "github.com/google/go-containerregistry/pkg/registry"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"octopod/generator/registry"
	"octopod/generator/staging"
)

// serve returns the host of a registry on this machine.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func newRegistry() http.Handler { return real.New(real.Logger(log.New(io.Discard, "", 0))) }

// push pushes an image to a registry and returns its digest.
func push(t *testing.T, ref string, options ...remote.Option) string {
	t.Helper()
	image, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	to, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(to, image, options...); err != nil {
		t.Fatal(err)
	}
	return digestOf(t, image)
}

func digestOf(t *testing.T, image interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	hash, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return hash.String()
}

func TestDigestOfATag(t *testing.T) {
	host := serve(t, newRegistry())
	client := registry.New(registry.Options{})
	first := push(t, host+"/shop/backend:main")
	if got, err := client.Digest(t.Context(), host+"/shop/backend:main"); err != nil || got != first {
		t.Errorf("got %q, %v; want %s", got, err, first)
	}
	second := push(t, host+"/shop/backend:main")
	if got, err := client.Digest(t.Context(), host+"/shop/backend:main"); err != nil || got != second || got == first {
		t.Errorf("after the tag moved: got %q, %v; want %s", got, err, second)
	}
}

func TestDigestOfAnImageForSeveralPlatforms(t *testing.T) {
	host := serve(t, newRegistry())
	index, err := random.Index(64, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	ref, err := name.ParseReference(host + "/shop/backend:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	if got, err := registry.New(registry.Options{}).Digest(t.Context(), ref.Name()); err != nil || got != digestOf(t, index) {
		t.Errorf("got %q, %v; want that of the index", got, err)
	}
}

func TestWhatIsMissingMayCome(t *testing.T) {
	host := serve(t, newRegistry())
	client := registry.New(registry.Options{})
	image := host + "/shop/backend:1f2e3d4"
	if _, err := client.Digest(t.Context(), image); staging.CodeOf(err) != staging.CodeNotFound || !strings.Contains(err.Error(), image) {
		t.Errorf("before the push: %v", err)
	}
	want := push(t, image)
	if got, err := client.Digest(t.Context(), image); err != nil || got != want {
		t.Errorf("after the push: got %q, %v", got, err)
	}
}

// A digest never changes, so the client requests it once.
func TestADigestIsAskedForOnce(t *testing.T) {
	var asked atomic.Int32
	behind := newRegistry()
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/manifests/") {
			asked.Add(1)
		}
		behind.ServeHTTP(w, r)
	}))
	client := registry.New(registry.Options{})
	digest := push(t, host+"/shop/backend:1")
	before := asked.Load()
	for range 3 {
		if got, err := client.Digest(t.Context(), host+"/shop/backend:1@"+digest); err != nil || got != digest {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if n := asked.Load() - before; n != 1 {
		t.Errorf("the registry was asked %d times, want once", n)
	}
	for range 2 {
		if _, err := client.Digest(t.Context(), host+"/shop/backend:1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load() - before; n != 3 {
		t.Errorf("a tag must be asked for each time; %d questions in all, want 3", n)
	}
}

// guarded requires a password.
func guarded(behind http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "s3cret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
			return
		}
		behind.ServeHTTP(w, r)
	})
}

func TestCredentialsOfDocker(t *testing.T) {
	behind := newRegistry()
	open, host := serve(t, behind), serve(t, guarded(behind))
	want := push(t, open+"/shop/backend:1")
	home := t.TempDir()
	config := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("ci:s3cret")))
	if err := os.WriteFile(filepath.Join(home, "config.json"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", home)
	t.Setenv("DOCKER_CONFIG", home)
	if got, err := registry.New(registry.Options{UserCredentials: true}).Digest(t.Context(), host+"/shop/backend:1"); err != nil || got != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
	_, err := registry.New(registry.Options{}).Digest(t.Context(), host+"/shop/backend:1")
	if staging.CodeOf(err) != staging.CodeUnauthorized || !strings.Contains(staging.HintOf(err), "docker login "+host) {
		t.Errorf("without credentials: %v (%s)", err, staging.HintOf(err))
	}
	if strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error holds the password: %v", err)
	}
}

// liar returns the same response to every request for a manifest.
func liar(status int, mediaType, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		w.Header().Set("Content-Type", mediaType)
		w.Header().Set("Docker-Content-Digest", "sha256:"+strings.Repeat("a", 64))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func TestARegistryThatDoesNotGiveTheImage(t *testing.T) {
	const image, index = "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"
	page := "<html>" + strings.Repeat("sign in here ", 1000)
	for _, c := range []struct {
		name string
		by   http.Handler
		code staging.Code
		says string
	}{
		{"forbidden", liar(403, "application/json", `{"errors":[{"code":"DENIED","message":"no access"}]}`), staging.CodeForbidden, "DENIED"},
		{"asked too often", liar(429, "application/json", `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}`), staging.CodeUnavailable, "too many requests"},
		{"out of order", liar(503, "text/plain", "maintenance"), staging.CodeUnavailable, "503 Service Unavailable"},
		{"a page instead of an error", liar(500, "text/html", page), staging.CodeUnavailable, "500 Internal Server Error"},
		{"a page instead of a manifest", liar(200, "text/html", page), staging.CodeUnavailable, "not an image manifest"},
		{"a manifest that is none", liar(200, image, page), staging.CodeUnavailable, "not an image manifest"},
		{"a manifest without content", liar(200, image, "{}"), staging.CodeUnavailable, "not an image manifest"},
		{"an index without images", liar(200, index, `{"manifests":[]}`), staging.CodeUnavailable, "not an image manifest"},
		{"without end", liar(200, image, strings.Repeat(" ", 9<<20)), staging.CodeUnavailable, "too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := registry.New(registry.Options{}).Digest(t.Context(), serve(t, c.by)+"/shop/backend:1")
			if staging.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %s: %v; want %s about %q", staging.CodeOf(err), err, c.code, c.says)
			}
			if err != nil && (strings.Contains(err.Error(), "sign in here") || len(err.Error()) > 500 || strings.Contains(err.Error(), "\n")) {
				t.Errorf("the message repeats a page, or is no line for people: %q", err)
			}
		})
	}
}

// A reference by digest returns exactly that digest, or an error.
func TestAWrongDigestIsNotBelieved(t *testing.T) {
	behind := newRegistry()
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := strings.Index(r.URL.Path, "/manifests/sha256:"); at >= 0 && r.Method == http.MethodGet {
			r.URL.Path = r.URL.Path[:at] + "/manifests/1"
		}
		behind.ServeHTTP(w, r)
	}))
	push(t, host+"/shop/backend:1")
	_, err := registry.New(registry.Options{}).Digest(t.Context(), host+"/shop/backend@sha256:"+strings.Repeat("b", 64))
	if staging.CodeOf(err) != staging.CodeUnavailable || !strings.Contains(err.Error(), "does not match") {
		t.Errorf("got %v", err)
	}
}

func TestARegistryThatHangs(t *testing.T) {
	host := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	client := registry.New(registry.Options{Timeout: 50 * time.Millisecond})
	_, err := client.Digest(t.Context(), host+"/shop/backend:1")
	if staging.CodeOf(err) != staging.CodeUnavailable || !strings.Contains(err.Error(), "no response within 50ms") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Digest(ctx, host+"/shop/backend:1"); err != context.Canceled {
		t.Errorf("an interrupt came back as %v", err)
	}
}

func TestARegistryThatIsNotThere(t *testing.T) {
	_, err := registry.New(registry.Options{}).Digest(t.Context(), "127.0.0.1:1/shop/backend:1")
	if staging.CodeOf(err) != staging.CodeUnavailable {
		t.Errorf("got %v", err)
	}
}

// No request goes out without TLS, not even to a token server.
func TestPlainHTTPStaysOnThisMachine(t *testing.T) {
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://tokens.example.com/token",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	_, err := registry.New(registry.Options{}).Digest(t.Context(), host+"/shop/backend:1")
	if staging.CodeOf(err) != staging.CodeUnavailable || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(staging.HintOf(err), "--allow-plain-http") {
		t.Errorf("the hint is %q", staging.HintOf(err))
	}
}

// notProxied skips a test of addresses if a proxy would be dialed instead.
func notProxied(t *testing.T, host string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://"+host+"/", nil)
	if proxy, err := http.ProxyFromEnvironment(r); err != nil || proxy != nil {
		t.Skipf("%s is asked by the proxy %v", host, proxy)
	}
}

// A registry may refer Octopod to another host, for a token or by a redirect, but not to
// this machine, where services trust local requests: neither by address nor by name.
func TestNoRegistryLeadsToThisMachine(t *testing.T) {
	var reached atomic.Int32
	inside := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		reached.Add(1)
		_, _ = io.WriteString(w, `{"token":"t"}`)
	}))
	_, port, _ := strings.Cut(inside, ":")
	for name, to := range map[string]string{"by name": "http://localhost:" + port, "by address": "http://" + inside} {
		for how, answer := range map[string]http.HandlerFunc{
			"a sign-in": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("WWW-Authenticate", `Bearer realm="`+to+`/token",service="registry"`)
				w.WriteHeader(http.StatusUnauthorized)
			},
			"a redirect": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to+"/v2/", http.StatusFound) },
			"a redirect of the manifest": func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/v2/" {
					http.Redirect(w, r, to+r.URL.Path, http.StatusTemporaryRedirect)
				}
			},
		} {
			t.Run(how+" "+name, func(t *testing.T) {
				_, port, _ := strings.Cut(serve(t, answer), ":")
				host := "0.0.0.0:" + port // reaches this machine, and is no address of it
				notProxied(t, host)
				_, err := registry.New(registry.Options{PlainHTTP: true}).Digest(t.Context(), host+"/shop/backend:1")
				if err == nil || reached.Load() > 0 {
					t.Errorf("it was reached %d times; %v", reached.Load(), err)
				}
				if name == "by name" && (staging.CodeOf(err) != staging.CodeForbidden || staging.HintOf(err) == "") {
					t.Errorf("got %s: %v", staging.CodeOf(err), err)
				}
			})
		}
	}
}

// A registry may sign in at another host, as Docker Hub does.
func TestARegistryThatSignsInElsewhere(t *testing.T) {
	behind := newRegistry()
	tokens := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"token":"s3cret"}`) }))
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret" {
			_, port, _ := strings.Cut(tokens, ":")
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://localhost:`+port+`/token",service="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		behind.ServeHTTP(w, r)
	}))
	want := push(t, host+"/shop/backend:1")
	if got, err := registry.New(registry.Options{}).Digest(t.Context(), host+"/shop/backend:1"); err != nil || got != want {
		t.Errorf("got %q, %v; want %s", got, err, want)
	}
}

// The addresses at which clouds serve credentials are never a registry.
func TestAddressesThatAreNeverAsked(t *testing.T) {
	for _, host := range []string{"169.254.169.254", "169.254.169.254:8080", "100.100.100.200", "168.63.129.16:80", "224.0.0.1"} {
		notProxied(t, host)
		for _, plain := range []bool{false, true} {
			_, err := registry.New(registry.Options{PlainHTTP: plain}).Digest(t.Context(), host+"/shop/backend:1")
			if staging.CodeOf(err) != staging.CodeForbidden {
				t.Errorf("%s, plain %v: got %s: %v", host, plain, staging.CodeOf(err), err)
			}
		}
	}
}

// An error contains no text of a sign-in page.
func TestWhatASignInAnswersIsNotRepeated(t *testing.T) {
	tokens := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"inside":"s3cret"}`) }))
	_, port, _ := strings.Cut(tokens, ":")
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://localhost:`+port+`/token",service="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	_, err := registry.New(registry.Options{}).Digest(t.Context(), host+"/shop/backend:1")
	if staging.CodeOf(err) != staging.CodeUnavailable || !strings.Contains(err.Error(), "no token") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %s: %v", staging.CodeOf(err), err)
	}
}

func TestWhatIsNoReference(t *testing.T) {
	_, err := registry.New(registry.Options{}).Digest(t.Context(), "Shop/Backend:1")
	if staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("got %v", err)
	}
}
