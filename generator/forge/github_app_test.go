package forge

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"octopod/generator/gitstore"
	"octopod/generator/notify/review"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// appOf opens the installation of a GitHub, which the git server follows.
func appOf(t *testing.T) (*GitHubApp, *testenv.GitHubApp, gitstore.Options) {
	t.Helper()
	repo := testRepo(t)
	git := testenv.ServeHTTP(t, filepath.Dir(repo))
	git.Require("x-access-token", "none")
	github := testenv.ServeGitHubApp(t, 12, 34, func(token string) { git.Require("x-access-token", token) })
	app, err := OpenGitHubApp(GitHubAppOptions{API: github.API, ID: 12, Installation: 34, PrivateKey: github.Key})
	if err != nil {
		t.Fatal(err)
	}
	return app, github, gitstore.Options{URL: git.URL + "/app.git", AllowPlainHTTP: true, Auth: gitstore.Auth{Username: "x-access-token", Tokens: app}, ReadPatience: -1}
}

// Git uses the token of an installation as long as it is valid, and another one before it
// expires and after GitHub refused it.
func TestGitWithTheTokensOfAGitHubApp(t *testing.T) {
	_, github, options := appOf(t)
	read := func(wantTokens int) {
		t.Helper()
		if _, err := gitstore.ListRefs(t.Context(), options); err != nil {
			t.Fatal(err)
		}
		if got, _ := github.Minted(); got != wantTokens {
			t.Errorf("%d tokens, want %d", got, wantTokens)
		}
	}
	read(1)
	read(1)
	github.Live(30 * time.Second) // GitHub rotates it soon
	github.Expire()
	read(2)
	github.Live(time.Hour)
	read(3) // half a minute before the end of the second one
	read(3)
}

// The client of the forge's API uses the tokens, too.
func TestTheAPIWithTheTokensOfAGitHubApp(t *testing.T) {
	app, github, _ := appOf(t)
	f, err := review.Open(review.Options{Kind: review.GitHub, API: github.API, Authorize: app.Transport})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := f.SetStatus(t.Context(), "acme/web", "1f2e3d4", review.Status{Name: "octopod/shop/login", State: review.Success}); err != nil {
			t.Fatal(err)
		}
		github.Expire()
	}
	tokens, calls := github.Minted()
	if tokens != 2 || calls["POST /repos/acme/web/statuses/1f2e3d4"] != 2 {
		t.Errorf("%d tokens, calls %v", tokens, calls)
	}
}

// If GitHub refuses the app, the credentials are wrong; if GitHub fails, the fault passes.
func TestAGitHubThatGivesNoToken(t *testing.T) {
	_, github, options := appOf(t)
	for status, want := range map[int]staging.Code{http.StatusNotFound: staging.CodeUnauthorized, http.StatusForbidden: staging.CodeUnauthorized, http.StatusBadGateway: staging.CodeUnavailable} {
		github.Refuse(status)
		if _, err := gitstore.ListRefs(t.Context(), options); staging.CodeOf(err) != want || !strings.Contains(err.Error(), "the GitHub App 12 gets no token") {
			t.Errorf("%d: %v", status, err)
		}
	}
	github.Refuse(0)
	if _, err := gitstore.ListRefs(t.Context(), options); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	other := GitHubAppOptions{API: github.API, ID: 13, Installation: 34, PrivateKey: github.Key}
	app, err := OpenGitHubApp(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.Token(t.Context()); staging.CodeOf(err) != staging.CodeUnauthorized {
		t.Errorf("another app with this key: %v", err)
	}
	other.PrivateKey = []byte("no key")
	if _, err := OpenGitHubApp(other); staging.CodeOf(err) != staging.CodeInvalid {
		t.Errorf("no key: %v", err)
	}
}
