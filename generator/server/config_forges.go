package server

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/auth"
	"octopod/generator/branch"
	"octopod/generator/forge"
	"octopod/generator/gitstore"
	"octopod/generator/giturl"
	"octopod/generator/notify/review"
	"octopod/generator/staging"
)

// ForgeConfig is a host of the application's repositories or images: the API that
// Octopod calls, and the secret that signs its webhooks.
type ForgeConfig struct {
	// As in the repositories of octopod.yaml: github.com.
	Host string `yaml:"host"`
	// github, gitlab, gitea (also for Forgejo), bitbucket (Cloud). These only send webhooks: bitbucket-datacenter,
	// azure-devops, and registry.
	Kind ForgeKind `yaml:"kind"`
	// Address of its API. Default by kind and host.
	API string `yaml:"api,omitempty"`
	// Token for comments and commit statuses, and for listing branches.
	Token auth.Secret `yaml:"token,omitempty"`
	// A GitHub App in place of the token.
	GitHubApp *GitHubAppConfig `yaml:"githubApp,omitempty"`
	// Verifies the webhooks that the host sends to /hooks/{project}.
	Webhook WebhookConfig `yaml:"webhook,omitempty"`
	// With several projects: all of them may use the token and the secret.
	Shared bool `yaml:"shared,omitempty"`
}

// WebhookConfig is the secret that signs the webhooks of a host. Without one the
// server accepts no webhook of the host.
type WebhookConfig struct {
	Secret auth.Secret `yaml:"secret,omitempty"`
}

// ForgeKind is the API and the webhook format of a host.
type ForgeKind string

// The kinds.
const (
	kindGitHub    ForgeKind = "github"
	kindGitLab    ForgeKind = "gitlab"
	kindGitea     ForgeKind = "gitea"
	kindBitbucket ForgeKind = "bitbucket"

	// These only send webhooks: Octopod calls no API of theirs.
	kindDataCenter ForgeKind = "bitbucket-datacenter"
	kindAzure      ForgeKind = "azure-devops"
	kindRegistry   ForgeKind = "registry"
)

// forgeKinds lists all kinds.
func forgeKinds() []string {
	all := []ForgeKind{kindGitHub, kindGitLab, kindGitea, kindBitbucket, kindDataCenter, kindAzure, kindRegistry}
	names := make([]string, len(all))
	for i, kind := range all {
		names[i] = string(kind)
	}
	return names
}

// hasAPI reports whether Octopod calls the API of a kind.
func (k ForgeKind) hasAPI() bool {
	return !slices.Contains([]ForgeKind{kindDataCenter, kindAzure, kindRegistry}, k)
}

// api returns the URL of the forge's API, or "" for a registry.
func (f ForgeConfig) api() string {
	usual := map[ForgeKind]string{
		kindGitHub: "https://" + f.Host + "/api/v3", kindGitLab: "https://" + f.Host + "/api/v4",
		kindGitea: "https://" + f.Host + "/api/v1", kindBitbucket: "https://api.bitbucket.org/2.0",
	}[f.Kind]
	if f.Kind == kindGitHub && f.Host == "github.com" {
		usual = "https://api.github.com"
	}
	return strings.TrimSuffix(cmp.Or(f.API, usual), "/")
}

// forgeFaults lists the problems of the forges of a configuration.
func forgeFaults(list string, forges []ForgeConfig) []staging.Problem {
	return listFaults(list, "host", forges, func(f ForgeConfig) (host string, faults []fault) {
		return f.Host, append([]fault{
			{"host", f.hostFault()}, {"kind", f.kindFault()}, {"api", f.apiFault()}, {"githubApp", f.appFault()},
			{"token", secretFault(f.Token)}, {"webhook.secret", secretFault(f.Webhook.Secret)},
		}, f.GitHubApp.faults()...)
	})
}

func (f ForgeConfig) hostFault() string {
	switch u, err := url.Parse("https://" + f.Host); {
	case f.Host == "":
		return "is missing: write for example github.com"
	case err != nil || u.Host != f.Host || f.Host != strings.ToLower(f.Host):
		return fmt.Sprintf("%q is not a host: write it as in the repositories of octopod.yaml, for example github.com", f.Host)
	}
	return ""
}

func (f ForgeConfig) kindFault() string {
	if slices.Contains(forgeKinds(), string(f.Kind)) {
		return ""
	}
	return fmt.Sprintf("%q is not a kind: write one of %s", f.Kind, strings.Join(forgeKinds(), ", "))
}

// apiFault rejects a URL that would send the token unencrypted.
func (f ForgeConfig) apiFault() string {
	u, err := url.Parse(f.API)
	switch {
	case f.API == "":
		return ""
	case f.Kind == kindRegistry:
		return "does not apply to a registry: remove it"
	case !f.Kind.hasAPI():
		return fmt.Sprintf("does not apply to %s, of which Octopod calls no API: remove it", f.Kind)
	case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && giturl.IsLoopback(u.Hostname())):
		return fmt.Sprintf("%q must be a URL with https", f.API)
	}
	return ""
}

// credentials reads the credentials of a forge for git; none if it has none.
func (f ForgeConfig) credentials(getenv func(string) string) (gitstore.Auth, error) {
	token, err := f.Token.Read("forges "+f.Host+".token", getenv)
	if err != nil || token == "" {
		return gitstore.Auth{}, err
	}
	return gitstore.Auth{Username: f.gitUser(), Token: token, TokenFile: f.Token.File}, nil
}

// gitUser is the user name that goes with a token over https. Most forges accept any.
func (f ForgeConfig) gitUser() string {
	if f.Kind == kindBitbucket {
		return "x-token-auth"
	}
	return ""
}

// open returns the client of the forge's API. app is nil with a token.
func (f ForgeConfig) open(token string, app *forge.GitHubApp) (*review.Forge, error) {
	o := review.Options{Kind: review.Kind(f.Kind), API: f.api(), Token: token}
	if app != nil {
		o.Authorize = app.Transport
	}
	opened, err := review.Open(o)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "forges %s: %s", f.Host, err)
	}
	return opened, nil
}

// webhookSenders reads the secrets that sign the webhooks of each host.
func webhookSenders(forges []ForgeConfig, getenv func(string) string) ([]branch.Sender, error) {
	var senders []branch.Sender
	for _, f := range forges {
		secret, err := f.Webhook.Secret.Read("forges "+f.Host+".webhook.secret", getenv)
		if err != nil {
			return nil, err
		}
		if secret != "" {
			senders = append(senders, branch.Sender{Host: f.Host, Kind: string(f.Kind), Secret: secret})
		}
	}
	return senders, nil
}
