package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// visitor is a browser at a frontend, whose backend is the handler.
func visitor(t *testing.T, backend http.Handler) (*http.Client, string) {
	t.Helper()
	behind := httptest.NewServer(backend)
	t.Cleanup(behind.Close)
	front := httptest.NewServer((&server{backend: behind.URL, client: behind.Client()}).handler())
	t.Cleanup(front.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar}, front.URL
}

func read(t *testing.T, answer *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestPageShowsBranchCommitAndCart(t *testing.T) {
	branch, commit = "feature/<login>", "1f2e3d4"
	t.Cleanup(func() { branch, commit = "unknown", "unknown" })
	var asked []string
	browser, address := visitor(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		_, _ = io.WriteString(w, `{"items": [{"product": "tea", "cents": 450, "quantity": 2}], "payments": "sandbox"}`)
	}))
	answer, err := browser.PostForm(address+"/cart", url.Values{"product": {"tea"}})
	code, text := read(t, answer, err)
	for _, want := range []string{"feature/&lt;login&gt;", "1f2e3d4", `id="quantity-tea">2<`, "€ 9.00", `lang="en"`, "sandbox"} {
		if code != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%d, no %s in\n%s", code, want, text)
		}
	}
	// The cart that was shown is the one that was changed.
	if len(asked) != 2 || !strings.HasPrefix(asked[0], "POST /carts/") || asked[0] != "POST "+strings.TrimPrefix(asked[1], "GET ")+"/tea" {
		t.Errorf("asked %q", asked)
	}
}

func TestPageTellsWhatTheBackendSays(t *testing.T) {
	browser, address := visitor(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "payments in production need a key", http.StatusPaymentRequired)
	}))
	answer, err := browser.Post(address+"/payment", "", nil)
	if code, text := read(t, answer, err); code != http.StatusBadGateway || !strings.Contains(text, `role="alert">the backend answers: payments in production need a key<`) {
		t.Errorf("%d: %s", code, text)
	}
	answer, err = browser.Get(address + "/healthz")
	if code, _ := read(t, answer, err); code != http.StatusOK {
		t.Errorf("the program itself: %d", code)
	}
}

// Another site cannot fill a cart.
func TestOtherSitesCannotChangeTheCart(t *testing.T) {
	browser, address := visitor(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the backend was asked") }))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/cart", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://elsewhere.example.com")
	answer, err := browser.Do(request)
	if code, _ := read(t, answer, err); code != http.StatusForbidden {
		t.Errorf("got %d", code)
	}
}
