package auth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"octopod/generator/auth"
)

// whereBrowserGoes resolves a URL as browsers do (WHATWG URL): they drop tabs and
// line breaks, trim blanks and read a backslash as a slash.
func whereBrowserGoes(base, location string) (*url.URL, error) {
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(strings.TrimFunc(location, func(c rune) bool { return c <= ' ' }))
	at, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	return at.Parse(location)
}

func TestOpenRedirect(t *testing.T) {
	h := open(t, func(string) auth.Config { return auth.Config{Unprotected: true} }) // everybody is signed in, so this tests the redirect alone
	for next, want := range map[string]string{
		"":                             "/",
		"/":                            "/",
		"/stagings/login?tab=a#b":      "/stagings/login?tab=a#b",
		"/stagings?next=//evil.com":    "/stagings?next=//evil.com",
		"//evil.com":                   "/",
		"///evil.com":                  "/",
		"/\\evil.com":                  "/",
		"\\\\evil.com":                 "/",
		"/\t/evil.com":                 "/",
		"\t//evil.com":                 "/",
		"/\n/evil.com":                 "/",
		" //evil.com":                  "/",
		"https://evil.com":             "/",
		"https:evil.com":               "/",
		"HTTPS://evil.com":             "/",
		"javascript:alert(1)":          "/",
		"data:text/html,x":             "/",
		"evil.com":                     "/",
		"@evil.com":                    "/",
		"/auth/login?next=/auth/login": "/",
		"/%zz":                         "/",
		"/x\x00":                       "/",
		"/x\r\nSet-Cookie: a=b":        "/",
	} {
		got := h.program(t).noRedirects().get(h.URL + "/auth/login?" + url.Values{"next": {next}}.Encode())
		if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != want {
			t.Errorf("next=%q goes to %q, want %q", next, got.Header.Get("Location"), want)
		}
	}
}

func FuzzOpenRedirect(f *testing.F) {
	for _, next := range []string{"/x", "//e", "/\\e", "/./\\e", "/..//e", "/%2f/e", "/.//e", "/a/../..//e", "/;//e", "/?//e", "/#//e", "/\u2028/e", "/\uff0fe"} {
		f.Add(next)
	}
	a, err := auth.New(auth.Config{Unprotected: true}, auth.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		request, err := http.NewRequest(http.MethodGet, "https://octopod.example.com/auth/login?"+url.Values{"next": {next}}.Encode(), nil)
		if err != nil {
			t.Skip()
		}
		location := respond(a.Handler(), request).Header().Get("Location")
		at, err := whereBrowserGoes("https://octopod.example.com/auth/login", location)
		if err != nil || at.Scheme != "https" || at.Host != "octopod.example.com" || at.User != nil {
			t.Errorf("next=%q: Location %q leads to %v (%v)", next, location, at, err)
		}
	})
}
