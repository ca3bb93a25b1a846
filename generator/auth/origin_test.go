package auth_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"octopod/generator/auth"
)

func respond(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// A page of another site must not make a browser change anything, not even a page on
// a neighbouring host: stagings run there, with unreviewed code.
func TestCrossSiteRequestForgery(t *testing.T) {
	h := open(t, withOIDC(newIssuer(t)))
	cookie := signedIn(t, h)
	for _, tt := range []struct {
		name, method, path string
		header             map[string]string
		want               int
	}{
		{"own page", http.MethodPost, "/x", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": h.URL}, http.StatusOK},
		{"own page, old browser", http.MethodPost, "/x", map[string]string{"Origin": h.URL}, http.StatusOK},
		{"program", http.MethodPost, "/x", nil, http.StatusOK},
		{"another site", http.MethodPost, "/x", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.com"}, http.StatusForbidden},
		{"another site, old browser", http.MethodPost, "/x", map[string]string{"Origin": "https://evil.com"}, http.StatusForbidden},
		{"a staging next door", http.MethodPost, "/x", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://login.staging.example.com"}, http.StatusForbidden},
		{"a sandboxed page", http.MethodPost, "/x", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "null"}, http.StatusForbidden},
		{"another site signs somebody out", http.MethodPost, "/auth/logout", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.com"}, http.StatusForbidden},
		{"a link from another site", http.MethodGet, "/x", map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusOK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := h.holding(t, cookie)
			for name, value := range tt.header {
				v.with(name, value)
			}
			got := v.do(tt.method, h.URL+tt.path)
			if got.StatusCode != tt.want {
				t.Errorf("status %s, want %d: %s", got.Status, tt.want, got.body)
			}
			if tt.want == http.StatusForbidden {
				got.assertProblem(t, tt.want)
			}
		})
	}
}

// Without sign-in the server serves this machine only. A web page can resolve its own
// name to 127.0.0.1, but cannot send another Host.
func TestRebinding(t *testing.T) {
	a, err := auth.New(auth.Config{}, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	inside := a.Middleware(a.Require(http.NotFoundHandler()))
	for _, tt := range []struct {
		remote, host string
		want         int
	}{
		{"127.0.0.1:50000", "localhost:8080", http.StatusNotFound},
		{"127.0.0.1:50000", "127.0.0.1:8080", http.StatusNotFound},
		{"[::1]:50000", "[::1]:8080", http.StatusNotFound},
		{"[::ffff:127.0.0.1]:50000", "LOCALHOST", http.StatusNotFound},
		{"127.0.0.1:50000", "evil.com:8080", http.StatusForbidden},
		{"127.0.0.1:50000", "localhost.evil.com", http.StatusForbidden},
		{"127.0.0.1:50000", "", http.StatusForbidden},
		{"10.1.2.3:50000", "localhost:8080", http.StatusForbidden},
		{"@", "localhost", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://x/", nil)
		r.RemoteAddr, r.Host = tt.remote, tt.host
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
		if got := respond(inside, r); got.Code != tt.want {
			t.Errorf("from %s for %s: %d, want %d: %s", tt.remote, tt.host, got.Code, tt.want, got.Body)
		}
	}
}

func TestCheckListen(t *testing.T) {
	closed, err := auth.New(auth.Config{}, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for address, ok := range map[string]bool{
		"127.0.0.1:8080": true, "[::1]:8080": true, "localhost:8080": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "10.1.2.3:8080": false, "octopod.example.com:443": false,
	} {
		if err := closed.CheckListen(address); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	forced, err := auth.New(auth.Config{Unprotected: true}, auth.Options{})
	if err != nil || forced.CheckListen(":8080") != nil {
		t.Errorf("unprotected: %v", err)
	}
	if err := closed.CheckListen(":8080"); !strings.Contains(err.Error(), "this machine only") {
		t.Errorf("%v", err)
	}
}
