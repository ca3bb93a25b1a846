package server

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"octopod/generator/branch"
	"octopod/generator/forge"
	"octopod/generator/gitstore"
	"octopod/generator/notify"
	"octopod/generator/notify/review"
)

// means are the addresses and secrets that a project may use, as the configuration has
// them at present.
type means struct {
	url       string                   // of the server as people reach it; may be empty
	senders   []branch.Sender          // the hosts whose webhooks the project accepts
	sinkNames []string                 // in the order of the configuration
	sinks     map[string]notify.Sink   // by the name that octopod.yaml uses
	forges    map[string]*review.Forge // by host
	tokens    map[string]gitstore.Auth // of forges, by host
	gitApp    *forge.GitHubApp         // for the env repo; nil without one
}

// currentMeans are the means of one project. A reload replaces them while it runs.
type currentMeans struct{ atomic.Pointer[means] }

// openMeans reads the secrets of a configuration, as one project may use it. It makes no
// request.
func openMeans(config Config, p ProjectConfig, getenv func(string) string) (_ *means, err error) {
	config = config.For(p)
	m := &means{url: config.URL, sinkNames: config.Notify.SinkNames(), sinks: map[string]notify.Sink{}, forges: map[string]*review.Forge{}, tokens: map[string]gitstore.Auth{}}
	for _, s := range config.Notify.Sinks {
		if m.sinks[s.Name], err = s.Open(config.URL, getenv); err != nil {
			return nil, err
		}
	}
	for _, f := range config.Forges {
		if err := m.addForge(f, getenv); err != nil {
			return nil, err
		}
	}
	if p.GitHubApp != nil {
		if m.gitApp, err = p.GitHubApp.open("projects "+p.EnvRepo+".githubApp", p.api(), getenv); err != nil {
			return nil, err
		}
	}
	m.senders, err = webhookSenders(config.Forges, getenv)
	return m, err
}

// addForge adds the token and the client of a forge, if it has any.
func (m *means) addForge(f ForgeConfig, getenv func(string) string) error {
	auth, err := f.credentials(getenv)
	var app *forge.GitHubApp
	if f.GitHubApp != nil {
		app, err = f.GitHubApp.open("forges "+f.Host+".githubApp", cmp.Or(f.GitHubApp.API, f.api()), getenv)
		auth = gitstore.Auth{Username: gitHubAppUser, Tokens: app}
	}
	if err != nil || !auth.HasLogin() {
		return err
	}
	m.tokens[f.Host] = auth
	if f.Kind.hasAPI() {
		m.forges[f.Host], err = f.open(auth.Token, app)
	}
	return err
}

// idle reports whether there is nothing to notify.
func (m *means) idle() bool { return len(m.sinks)+len(m.forges) == 0 }

// accepts reports whether the project accepts the webhooks of a sender.
func (m *means) accepts(sender branch.Sender) bool { return slices.Contains(m.senders, sender) }

// gitHubAppUser is the user name of git with the token of a GitHub App.
const gitHubAppUser = "x-access-token"

// Token implements gitstore.TokenSource, for an env repo with a GitHub App.
func (m *currentMeans) Token(ctx context.Context) (string, error) { return m.Load().gitApp.Token(ctx) }

// Refused implements gitstore.TokenSource.
func (m *currentMeans) Refused(token string) { m.Load().gitApp.Refused(token) }

// forProject returns what a project may use, as it changes.
func (m *currentMeans) forProject(c ProjectConfig, o Observer) Means {
	out := Means{
		Observer: o, Sinks: func() []string { return m.Load().sinkNames },
		ForgeTokens: func() map[string]gitstore.Auth { return m.Load().tokens },
	}
	if c.GitHubApp != nil {
		out.Git = gitstore.Auth{Username: gitHubAppUser, Tokens: m}
	}
	return out
}

// Means are the parts of a server that the adapters of a project may use. The results of
// the functions change when the server reads its configuration again.
type Means struct {
	Observer    Observer
	Git         gitstore.Auth // for the env repo; empty to use that of the settings
	Sinks       func() []string
	ForgeTokens func() map[string]gitstore.Auth // by host
}

// Observer measures what the adapters of a project do.
type Observer interface {
	Pushed(envRepo string, p gitstore.Push)
	ArgoCDCalled(method, code string, took time.Duration)
}
