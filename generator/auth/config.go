package auth

import (
	"time"

	"octopod/generator/project"
)

// Mode says how people are recognised.
type Mode string

// The modes.
const (
	ModeNone      Mode = "none"
	ModeOIDC      Mode = "oidc"
	ModeGitHub    Mode = "github"
	ModeAtlassian Mode = "atlassian"
	ModeHeader    Mode = "header"
)

// Config is what an operator decides about access to a server: the part "auth"
// of its configuration.
type Config struct {
	// none (default), oidc, github, atlassian or header.
	Mode Mode `yaml:"mode,omitempty"`
	// With mode none: serve other machines, too. Whoever reaches the server is an admin.
	Unprotected bool `yaml:"unprotected,omitempty"`
	// Networks of the proxies in front: their X-Forwarded-For is believed, and with
	// mode header who they say has signed in. 10.1.2.3/32.
	Proxies []string `yaml:"proxies,omitempty"`
	// Who may sign in at all. Absent: everybody whom the provider lets in.
	Allow project.Members `yaml:"allow,omitempty"`
	// Groups that are kept; * stands for any text. Absent: all. A session is a
	// cookie, and a few hundred groups do not fit.
	KeepGroups []string  `yaml:"keepGroups,omitempty"`
	Session    Session   `yaml:"session,omitempty"`
	OIDC       OIDC      `yaml:"oidc,omitempty"`
	GitHub     GitHub    `yaml:"github,omitempty"`
	Atlassian  Atlassian `yaml:"atlassian,omitempty"`
	Header     Header    `yaml:"header,omitempty"`
	// API tokens, each by its hash.
	Tokens []Token `yaml:"tokens,omitempty"`
	// Issuers whose CI runs are let in.
	CI     []Issuer `yaml:"ci,omitempty"`
	Limits Limits   `yaml:"limits,omitempty"`
}

// Secret says where a secret is found. It is never written in the configuration
// itself.
type Secret struct {
	// Name of an environment variable.
	Env string `yaml:"env,omitempty"`
	// Path of a file, such as one mounted from a Kubernetes Secret.
	File string `yaml:"file,omitempty"`
}

// Session says how long people stay signed in.
type Session struct {
	// Keys that encrypt the cookies, one a line, each 32 random bytes in base64:
	// openssl rand -base64 32. The first encrypts, all decrypt: to change the key
	// put a new one first, and take the old one away a lifetime later.
	Keys Secret `yaml:"keys,omitempty"`
	// Signed out when nothing was asked for so long. Default 8h.
	Idle project.Duration `yaml:"idle,omitempty"`
	// Signed out after so long in any case. Default 24h.
	Lifetime project.Duration `yaml:"lifetime,omitempty"`
}

// Client is Octopod as the provider knows it.
type Client struct {
	ID     string `yaml:"id,omitempty"`
	Secret Secret `yaml:"secret,omitempty"`
}

// OIDC is a provider of OpenID Connect: Keycloak, dex, Google, Okta, Entra ID.
type OIDC struct {
	// What people read on the button. Default the host of the issuer.
	Title  string `yaml:"title,omitempty"`
	Issuer string `yaml:"issuer,omitempty"`
	Client Client `yaml:"client,omitempty"`
	// Default openid, profile, email, and groups where the provider offers it.
	Scopes []string `yaml:"scopes,omitempty"`
	// Claim that lists the groups. Default groups.
	GroupsClaim string `yaml:"groupsClaim,omitempty"`
}

// GitHub signs in with an OAuth app of GitHub. A person's groups are the
// organisations below and their teams, as acme and acme/qa.
type GitHub struct {
	// Base address of GitHub Enterprise Server. Default https://github.com.
	URL    string `yaml:"url,omitempty"`
	Client Client `yaml:"client,omitempty"`
	// Whoever is a member of one of these may sign in.
	Organizations []string `yaml:"organizations,omitempty"`
}

// Atlassian signs in with an OAuth 2.0 (3LO) app of Atlassian. A person's
// groups are the sites below and the groups they are in there.
type Atlassian struct {
	Client Client `yaml:"client,omitempty"`
	// Whoever has access to one of these may sign in: acme.atlassian.net.
	Sites []string `yaml:"sites,omitempty"`
}

// Header says which headers of the proxy name the person. The defaults are those
// of oauth2-proxy.
type Header struct {
	// Default X-Forwarded-User.
	User string `yaml:"user,omitempty"`
	// Default X-Forwarded-Email.
	Email string `yaml:"email,omitempty"`
	// Groups with commas between. Default X-Forwarded-Groups.
	Groups string `yaml:"groups,omitempty"`
}

// Token is an API token: what it may do, and the hash by which it is recognised.
type Token struct {
	// Who it is: the author of its commits, and the name in the audit log.
	Name  string `yaml:"name"`
	Email string `yaml:"email,omitempty"`
	// sha256: and 64 hex digits, as `octopod token` prints it.
	Hash    string    `yaml:"hash"`
	Expires time.Time `yaml:"expires"`
	Scope   `yaml:",inline"`
}

// Issuer is a CI system whose runs prove who they are with a token of OpenID
// Connect.
type Issuer struct {
	// https://token.actions.githubusercontent.com, https://gitlab.com.
	Issuer string `yaml:"issuer"`
	// What the token must be made for. Default the address of this server.
	Audience string `yaml:"audience,omitempty"`
	// The first rule that a token meets says what it may do.
	Rules []Rule `yaml:"rules"`
}

// Rule lets runs in by what their issuer says of them.
type Rule struct {
	// The claim sub; * stands for any text: "repo:acme/shop-*:ref:refs/heads/*".
	Subject string `yaml:"subject"`
	// Further claims, each by name: ref_protected: "true".
	Claims map[string]string `yaml:"claims,omitempty"`
	Scope  `yaml:",inline"`
}

// Limits keep one address or identity from taking the server for itself.
type Limits struct {
	// Steps of a sign-in (it has two), and forged CI tokens, of an address a minute.
	// Default 120.
	SignIns int `yaml:"signIns,omitempty"`
	// Writes of an identity a minute. Default 120.
	Writes int `yaml:"writes,omitempty"`
}

// withDefaults fills in what an operator left to us.
func (c Config) withDefaults(url string) Config {
	fill(&c.Mode, ModeNone)
	fill(&c.Session.Idle, project.Duration(8*time.Hour))
	fill(&c.Session.Lifetime, project.Duration(24*time.Hour))
	fill(&c.OIDC.GroupsClaim, "groups")
	fill(&c.GitHub.URL, "https://github.com")
	fill(&c.Header.User, "X-Forwarded-User")
	fill(&c.Header.Email, "X-Forwarded-Email")
	fill(&c.Header.Groups, "X-Forwarded-Groups")
	fill(&c.Limits.SignIns, 120)
	fill(&c.Limits.Writes, 120)
	issuers := make([]Issuer, len(c.CI))
	for i, issuer := range c.CI {
		fill(&issuer.Audience, url)
		issuers[i] = issuer
	}
	c.CI = issuers
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
