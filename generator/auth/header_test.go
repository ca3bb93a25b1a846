package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/auth"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// seen returns the identity, status and refused attempts of a request to a server
// behind a proxy at 10.0.0.2.
func seen(t *testing.T, config auth.Config, remote string, header http.Header) (identity auth.Identity, status int, attempts []auth.Attempt) {
	t.Helper()
	a, err := auth.New(config, auth.Options{Refused: func(_ context.Context, attempt auth.Attempt) { attempts = append(attempts, attempt) }})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "http://octopod/stagings", nil)
	r.RemoteAddr, r.Header = remote, header
	w := respond(a.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { identity = auth.From(r.Context()) })), r)
	return identity, w.Code, attempts
}

var behindProxy = auth.Config{Mode: auth.ModeHeader, Proxies: []string{"10.0.0.2/32", "fd00::2/128"}}

func forwardedAs(user string) http.Header {
	return http.Header{"X-Forwarded-User": {user}, "X-Forwarded-Email": {user + "@example.com"}, "X-Forwarded-Groups": {"testers, acme/Team A,,"}}
}

func TestHeaderMode(t *testing.T) {
	want := auth.Identity{
		Person: staging.Person{Name: "grace", Email: "grace@example.com"}, Subject: "grace",
		Groups: []string{"testers", "acme/Team A"}, Method: auth.MethodHeader,
	}
	for _, remote := range []string{"10.0.0.2:4711", "[::ffff:10.0.0.2]:4711", "[fd00::2]:4711"} {
		got, status, _ := seen(t, behindProxy, remote, forwardedAs("grace"))
		if diff := cmp.Diff(want, got); diff != "" || status != http.StatusOK {
			t.Errorf("%s: %d %s", remote, status, diff)
		}
	}
	if got, status, _ := seen(t, behindProxy, "10.0.0.2:4711", http.Header{}); got.Known() || status != http.StatusOK {
		t.Errorf("nobody signed in: %d %+v", status, got)
	}
	onlyMail := http.Header{"X-Forwarded-Email": {"grace@example.com"}}
	if got, _, _ := seen(t, behindProxy, "10.0.0.2:4711", onlyMail); got.Subject != "grace@example.com" {
		t.Errorf("only an address: %+v", got)
	}
}

func TestHeaderModeFromUntrustedAddress(t *testing.T) {
	claimsToBeProxy := forwardedAs("ada")
	claimsToBeProxy.Set("X-Forwarded-For", "10.0.0.2")
	claimsToBeProxy.Set("X-Real-Ip", "10.0.0.2")
	claimsToBeProxy.Set("Forwarded", "for=10.0.0.2")
	for _, remote := range []string{"10.0.0.3:4711", "127.0.0.1:4711", "[::1]:4711", "@", ""} {
		for _, header := range []http.Header{forwardedAs("ada"), claimsToBeProxy, {"X-Forwarded-Groups": {"leads"}}} {
			got, status, attempts := seen(t, behindProxy, remote, header)
			if got.Known() || status != http.StatusUnauthorized || len(attempts) != 1 {
				t.Errorf("from %q: status %d, %+v, %d attempts", remote, status, got, len(attempts))
			}
		}
	}
}

// If a header occurs twice, the client sent one of them.
func TestHeaderModeWithTwoPeople(t *testing.T) {
	for name := range forwardedAs("ada") {
		header := forwardedAs("ada")
		header.Add(name, "eve")
		if got, status, _ := seen(t, behindProxy, "10.0.0.2:4711", header); got.Known() || status != http.StatusUnauthorized {
			t.Errorf("%s twice: %d %+v", name, status, got)
		}
	}
}

// In every other mode the server ignores these headers, from any address.
func TestForwardedHeadersInOtherModes(t *testing.T) {
	i := newIssuer(t)
	h := open(t, withOIDC(i, func(c *auth.Config) { c.Proxies = []string{"127.0.0.1/32"} }))
	v := h.program(t)
	v.header = forwardedAs("ada")
	v.get(h.URL+"/").assertProblem(t, http.StatusUnauthorized)
}

func TestHeaderModeAppliesAllow(t *testing.T) {
	config := behindProxy
	config.Allow = project.Members{Emails: []string{"*@other.com"}}
	if got, status, _ := seen(t, config, "10.0.0.2:4711", forwardedAs("grace")); got.Known() || status != http.StatusForbidden {
		t.Errorf("%d %+v", status, got)
	}
}

// A name becomes the author of a commit, so it must stay one line.
func TestNamesAreOneLine(t *testing.T) {
	header := forwardedAs("ada")
	header.Set("X-Forwarded-User", "Eve <ada@example.com>\nSigned-off-by: Ada\x00\xff")
	got, _, _ := seen(t, behindProxy, "10.0.0.2:4711", header)
	if got.Person.Name != "Eve ada@example.comSigned-off-by: Ada" {
		t.Errorf("%q", got.Person.Name)
	}
}

// Behind a proxy the server limits each client separately, and no client can
// impersonate another.
func TestAddressOfTheClient(t *testing.T) {
	for _, tt := range []struct {
		name, remote string
		forwarded    []string
		want         string
	}{
		{"no proxy", "203.0.113.9:1", nil, "203.0.113.9"},
		{"no proxy, forged header", "203.0.113.9:1", []string{"198.51.100.1"}, "203.0.113.9"},
		{"proxy", "10.0.0.2:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"proxy, forged hop before it", "10.0.0.2:1", []string{"192.0.2.1, 198.51.100.1"}, "198.51.100.1"},
		{"proxy, forged separate header", "10.0.0.2:1", []string{"192.0.2.1", "198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.2:1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"nonsense", "10.0.0.2:1", []string{"unknown"}, "10.0.0.2"},
		{"proxy without header", "10.0.0.2:1", nil, "10.0.0.2"},
	} {
		header := http.Header{"Authorization": {"Bearer forged"}, "X-Forwarded-For": tt.forwarded}
		_, _, attempts := seen(t, behindProxy, tt.remote, header)
		if len(attempts) != 1 || attempts[0].Address != tt.want {
			t.Errorf("%s: %+v, want %s", tt.name, attempts, tt.want)
		}
	}
}
