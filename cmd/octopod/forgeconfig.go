package main

import (
	"cmp"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/auth"
	"octopod/generator/staging"
)

// forge is a host that the application's repositories or images lie on: how it
// is asked, and how its webhooks prove where they come from.
type forge struct {
	// As in the repositories of octopod.yaml: github.com.
	Host string `yaml:"host"`
	// github, gitlab, gitea (Forgejo too), bitbucket, or registry, which only calls.
	Kind forgeKind `yaml:"kind"`
	// Address of its API. Default by kind and host.
	API string `yaml:"api,omitempty"`
	// That Octopod comments and sets statuses with.
	Token auth.Secret `yaml:"token,omitempty"`
	// What it calls /hooks/{project} with.
	Webhook webhook `yaml:"webhook,omitempty"`
}

// webhook is how calls of a forge are recognised. Without a secret none is believed.
type webhook struct {
	Secret auth.Secret `yaml:"secret,omitempty"`
}

// forgeKind is whose API and whose webhooks a forge speaks.
type forgeKind string

// The kinds.
const (
	kindGitHub    forgeKind = "github"
	kindGitLab    forgeKind = "gitlab"
	kindGitea     forgeKind = "gitea"
	kindBitbucket forgeKind = "bitbucket"
	kindRegistry  forgeKind = "registry"
)

// api is where the forge answers programs; "" for a registry.
func (f forge) api() string {
	usual := map[forgeKind]string{
		kindGitHub: "https://" + f.Host + "/api/v3", kindGitLab: "https://" + f.Host + "/api/v4",
		kindGitea: "https://" + f.Host + "/api/v1", kindBitbucket: "https://api.bitbucket.org/2.0",
	}[f.Kind]
	if f.Kind == kindGitHub && f.Host == "github.com" {
		usual = "https://api.github.com"
	}
	return strings.TrimSuffix(cmp.Or(f.API, usual), "/")
}

// forgeFaults lists what is wrong with the forges of a configuration.
func forgeFaults(forges []forge) []staging.Problem {
	return listFaults("forges", "host", forges, func(f forge) (host string, faults []fault) {
		return f.Host, []fault{
			{"host", f.hostFault()}, {"kind", f.kindFault()}, {"api", f.apiFault()},
			{"token", secretFault(f.Token)}, {"webhook.secret", secretFault(f.Webhook.Secret)},
		}
	})
}

func (f forge) hostFault() string {
	switch u, err := url.Parse("https://" + f.Host); {
	case f.Host == "":
		return "is missing: write for example github.com"
	case err != nil || u.Host != f.Host || f.Host != strings.ToLower(f.Host):
		return fmt.Sprintf("%q is no host: write it as in the repositories of octopod.yaml, for example github.com", f.Host)
	}
	return ""
}

func (f forge) kindFault() string {
	if slices.Contains([]forgeKind{kindGitHub, kindGitLab, kindGitea, kindBitbucket, kindRegistry}, f.Kind) {
		return ""
	}
	return fmt.Sprintf("%q is no kind: write github, gitlab, gitea, bitbucket or registry", f.Kind)
}

// apiFault refuses an address that would show the token to everybody on the way.
func (f forge) apiFault() string {
	u, err := url.Parse(f.API)
	switch {
	case f.API == "":
		return ""
	case f.Kind == kindRegistry:
		return "a registry only calls: leave it out"
	case err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && thisMachine(u)):
		return fmt.Sprintf("%q must be an address with https", f.API)
	}
	return ""
}

// thisMachine tells whether an address leaves this machine.
func thisMachine(u *url.URL) bool {
	at, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && at.IsLoopback()
}
