package server

import (
	"cmp"

	"octopod/generator/auth"
	"octopod/generator/forge"
	"octopod/generator/giturl"
)

// GitHubAppConfig is an installation of a GitHub App, in place of a token.
type GitHubAppConfig struct {
	// The id of the app.
	ID int64 `yaml:"id"`
	// The id of the installation: the number at the end of its address.
	Installation int64 `yaml:"installation"`
	// The private key that GitHub generates for the app, as PEM.
	PrivateKey auth.Secret `yaml:"privateKey"`
	// Address of GitHub's API. Default by the host of the repository or the forge.
	API string `yaml:"api,omitempty"`
}

// faults lists the problems of the fields of an app, which may be nil.
func (g *GitHubAppConfig) faults() []fault {
	if g == nil {
		return nil
	}
	return []fault{
		{"githubApp.id", missingFault(g.ID > 0)}, {"githubApp.installation", missingFault(g.Installation > 0)},
		{"githubApp.privateKey", cmp.Or(missingFault(g.PrivateKey.Named()), secretFault(g.PrivateKey))},
		{"githubApp.api", ForgeConfig{Kind: kindGitHub, API: g.API}.apiFault()},
	}
}

func missingFault(given bool) string {
	if given {
		return ""
	}
	return "is missing"
}

// appFault returns why a forge cannot use a GitHub App.
func (f ForgeConfig) appFault() string {
	switch {
	case f.GitHubApp != nil && f.Kind != kindGitHub:
		return "is for kind github: remove it"
	case f.GitHubApp != nil && f.Token.Named():
		return "takes the place of token: remove one of them"
	}
	return ""
}

// appFault returns why the env repo of a project cannot use a GitHub App.
func (p ProjectConfig) appFault() string {
	u, err := giturl.Parse(p.EnvRepo)
	switch {
	case p.GitHubApp == nil:
		return ""
	case p.GitTokenFile != "":
		return "takes the place of gitTokenFile: remove one of them"
	case err != nil || u.Scheme() != "https" && !u.Loopback():
		return "needs an envRepo with https"
	}
	return ""
}

// api returns the address of GitHub's API for the env repo.
func (p ProjectConfig) api() string {
	u, _ := giturl.Parse(p.EnvRepo) // checked
	return ForgeConfig{Host: u.HostPort(), Kind: kindGitHub, API: p.GitHubApp.API}.api()
}

// open reads the private key. It makes no request.
func (g *GitHubAppConfig) open(field, api string, getenv func(string) string) (*forge.GitHubApp, error) {
	key, err := g.PrivateKey.Read(field+".privateKey", getenv)
	if err != nil {
		return nil, err
	}
	return forge.OpenGitHubApp(forge.GitHubAppOptions{API: api, ID: g.ID, Installation: g.Installation, PrivateKey: []byte(key)})
}
