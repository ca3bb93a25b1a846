package auth

import (
	"time"

	"octopod/generator/project"
)

// Mode selects how people sign in.
type Mode string

// The modes.
const (
	ModeNone      Mode = "none"
	ModeOIDC      Mode = "oidc"
	ModeGitHub    Mode = "github"
	ModeAtlassian Mode = "atlassian"
	ModeHeader    Mode = "header"
)

// Config is the section "auth" of the server's configuration: an operator's settings
// for access to the server.
type Config struct {
	// none (default), oidc, github, atlassian or header.
	Mode Mode `yaml:"mode,omitempty"`
	// With mode none: serve other machines, too. Everybody who can reach the server is an admin.
	Unprotected bool `yaml:"unprotected,omitempty"`
	// Networks of the proxies in front: the server trusts their X-Forwarded-For, and
	// with mode header the person that they name. 10.1.2.3/32.
	Proxies []string `yaml:"proxies,omitempty"`
	// People who may sign in. Absent: everybody who can sign in at the provider.
	Allow project.Members `yaml:"allow,omitempty"`
	// Groups to keep; * matches any text. Absent: all. A session is a cookie, and a
	// few hundred groups do not fit.
	KeepGroups []string  `yaml:"keepGroups,omitempty"`
	Session    Session   `yaml:"session,omitempty"`
	OIDC       OIDC      `yaml:"oidc,omitempty"`
	GitHub     GitHub    `yaml:"github,omitempty"`
	Atlassian  Atlassian `yaml:"atlassian,omitempty"`
	Header     Header    `yaml:"header,omitempty"`
	// API tokens, each by its hash.
	Tokens []Token `yaml:"tokens,omitempty"`
	// CI systems whose runs may call the API.
	CI     []Issuer `yaml:"ci,omitempty"`
	Limits Limits   `yaml:"limits,omitempty"`
}

// Secret names the place of a secret. The configuration itself never contains it.
type Secret struct {
	// Name of an environment variable.
	Env string `yaml:"env,omitempty"`
	// Path of a file, such as one mounted from a Kubernetes Secret.
	File string `yaml:"file,omitempty"`
}

// Session sets the keys of the session cookies and how long people stay signed in.
type Session struct {
	// Keys that encrypt the cookies, one a line, each 32 random bytes in base64:
	// openssl rand -base64 32. The first encrypts, all decrypt: to replace the key,
	// put a new one first, and remove the old one a lifetime later.
	Keys Secret `yaml:"keys,omitempty"`
	// Sign out after so long without a request. Default 8h.
	Idle project.Duration `yaml:"idle,omitempty"`
	// Sign out after so long in any case. Default 24h.
	Lifetime project.Duration `yaml:"lifetime,omitempty"`
}

// Client is the OAuth client of Octopod at the provider.
type Client struct {
	ID     string `yaml:"id,omitempty"`
	Secret Secret `yaml:"secret,omitempty"`
}

// OIDC is a provider of OpenID Connect: Keycloak, dex, Google, Okta, Entra ID.
type OIDC struct {
	// Name of the provider on the sign-in button. Default the host of the issuer.
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
	// Members of these organisations may sign in.
	Organizations []string `yaml:"organizations,omitempty"`
}

// Atlassian signs in with an OAuth 2.0 (3LO) app of Atlassian. A person's
// groups are the sites below and the person's groups on them.
type Atlassian struct {
	Client Client `yaml:"client,omitempty"`
	// People with access to one of these sites may sign in: acme.atlassian.net.
	Sites []string `yaml:"sites,omitempty"`
}

// Header names the proxy's headers that identify the person. The defaults are those
// of oauth2-proxy.
type Header struct {
	// Default X-Forwarded-User.
	User string `yaml:"user,omitempty"`
	// Default X-Forwarded-Email.
	Email string `yaml:"email,omitempty"`
	// Groups, separated by commas. Default X-Forwarded-Groups.
	Groups string `yaml:"groups,omitempty"`
}

// Token is an API token: its scope and the hash that identifies it.
type Token struct {
	// The author of its commits, and the name in the audit log.
	Name  string `yaml:"name"`
	Email string `yaml:"email,omitempty"`
	// sha256: and 64 hex digits, printed by `octopod token`.
	Hash    string    `yaml:"hash"`
	Expires time.Time `yaml:"expires"`
	Scope   `yaml:",inline"`
}

// Issuer is a CI system whose runs authenticate with a token of OpenID Connect.
type Issuer struct {
	// https://token.actions.githubusercontent.com, https://gitlab.com.
	Issuer string `yaml:"issuer"`
	// Required audience of the token. Default the address of this server.
	Audience string `yaml:"audience,omitempty"`
	// The first rule that matches a token sets its scope.
	Rules []Rule `yaml:"rules"`
}

// Rule allows runs by the claims of their token.
type Rule struct {
	// The claim sub; * matches any text: "repo:acme/shop-*:ref:refs/heads/*".
	Subject string `yaml:"subject"`
	// Further claims, each by name: ref_protected: "true".
	Claims map[string]string `yaml:"claims,omitempty"`
	// branch (default): a run may write the staging of its own branch only, with images of
	// its own repository, and move the default image on the default branch only.
	// repository: any staging, with images of its own repository. none: no limit.
	Bind  project.Binding `yaml:"bind,omitempty"`
	Scope `yaml:",inline"`
}

// Limits keep one address or identity from overloading the server.
type Limits struct {
	// Steps of a sign-in (it has two), and forged CI tokens, per address and minute.
	// Default 120.
	SignIns int `yaml:"signIns,omitempty"`
	// Writes per identity and minute. Default 120.
	Writes int `yaml:"writes,omitempty"`
}

// withDefaults returns c with its empty fields filled in.
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
