package auth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Path is where Handler is mounted. Register Path+"callback" as the redirect URL at
// the provider.
const Path = "/auth/"

// Options holds what an Auth needs from its process.
type Options struct {
	// URL is the server's public address: https://octopod.example.com.
	URL string
	// Former is the Auth that the new one replaces: its rate limits go on. It may be nil.
	Former *Auth
	// Local is the person that mode none assumes.
	Local staging.Person
	// Getenv reads the environment variables that hold secrets.
	Getenv func(name string) string
	// Client calls the providers. Default: a client with a timeout.
	Client *http.Client
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log receives messages for operators. Default: discard them.
	Log *slog.Logger
	// Refused is called for every refused attempt, for the audit log and metrics.
	Refused func(ctx context.Context, attempt Attempt)
	// Answer writes a refusal, for the page or the API. Default: Problem (RFC 9457).
	Answer func(w http.ResponseWriter, r *http.Request, status int, err error)
	// SignIn is the page to which strangers are redirected, with ?next=. Default
	// /auth/login, which redirects to the provider.
	SignIn string
	// SignedOut is the page to show after signing out. Default /.
	SignedOut string
}

// Auth authenticates and authorizes requests. It is safe for concurrent use.
type Auth struct {
	config   Config
	options  Options
	proxies  proxies
	provider provider  // nil in the modes none and header
	sessions *sessions // nil without a provider
	tokens   map[tokenHash]Token
	issuers  map[string]*issuer
	origin   *http.CrossOriginProtection

	signIns, failures, writes *limiter
}

// New validates a configuration and reads its secrets. It calls no provider yet.
func New(config Config, options Options) (*Auth, error) {
	options = options.withDefaults()
	config = config.withDefaults(options.URL)
	if err := config.check(options.URL); err != nil {
		return nil, err
	}
	a := &Auth{
		config: config, options: options, origin: http.NewCrossOriginProtection(),
		tokens: map[tokenHash]Token{}, issuers: map[string]*issuer{},
	}
	former := options.Former
	if former == nil {
		former = &Auth{}
	}
	a.signIns, a.failures = newLimiter(config.Limits.SignIns, former.signIns), newLimiter(config.Limits.SignIns, former.failures)
	a.writes = newLimiter(config.Limits.Writes, former.writes)
	a.proxies, _ = parseProxies(config.Proxies) // checked
	for _, token := range config.Tokens {
		hash, _ := parseHash(token.Hash) // checked
		a.tokens[hash] = token
	}
	for _, known := range config.CI {
		a.issuers[known.Issuer] = &issuer{known, &discovery{address: known.Issuer, client: options.Client}}
	}
	if options.URL != "" { // a proxy may have changed the Host header
		if err := a.origin.AddTrustedOrigin(options.URL); err != nil {
			return nil, staging.Errorf(staging.CodeInvalid, "the server's address %q is not an origin", options.URL).
				WithHint("write scheme and host only: https://octopod.example.com").Because(err)
		}
	}
	return a, a.initProvider()
}

// initProvider sets up the provider and the sessions, in the modes that have them.
func (a *Auth) initProvider() error {
	c, callback := a.config, a.options.URL+Path+"callback"
	if c.Mode == ModeNone || c.Mode == ModeHeader {
		return nil
	}
	client, at := c.client()
	secret, err := client.Secret.read("auth."+string(c.Mode)+".client.secret", a.options.Getenv)
	if err != nil {
		return err
	}
	switch c.Mode {
	case ModeOIDC:
		found := &discovery{address: c.OIDC.Issuer, client: a.options.Client}
		a.provider = &openID{discovery: found, config: c.OIDC, callback: callback, secret: secret, options: a.options}
	case ModeGitHub:
		a.provider = newGitHub(c.GitHub, secret, callback, a.options.Client)
	case ModeAtlassian:
		a.provider = &atlassian{config: c.Atlassian, secret: secret, callback: callback, client: a.options.Client}
	}
	a.sessions, err = a.newSessions(strings.Join([]string{string(c.Mode), at, client.ID}, " "))
	return err
}

// client returns the mode's OAuth client and the provider's address.
func (c Config) client() (client Client, at string) {
	switch c.Mode {
	case ModeOIDC:
		return c.OIDC.Client, c.OIDC.Issuer
	case ModeGitHub:
		return c.GitHub.Client, c.GitHub.URL
	case ModeAtlassian:
		return c.Atlassian.Client, atlassianAuth
	}
	return Client{}, ""
}

// newSessions derives the session keys from the provider too: another provider may
// give the same names to other people, so its sessions must not be valid.
func (a *Auth) newSessions(provider string) (*sessions, error) {
	text, err := a.config.Session.Keys.read("auth.session.keys", a.options.Getenv)
	if err != nil {
		return nil, err
	}
	keys, err := decodeKeys(text)
	if err != nil {
		return nil, err
	}
	s := &sessions{
		idle: time.Duration(a.config.Session.Idle), lifetime: time.Duration(a.config.Session.Lifetime),
		secure: strings.HasPrefix(a.options.URL, "https:"), now: a.options.Now,
	}
	if s.sessionSealer, err = newSealer(keys, "session "+provider); err != nil {
		return nil, err
	}
	s.flowSealer, err = newSealer(keys, "sign-in "+provider)
	return s, err
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, Attempt) {}
	}
	if o.Answer == nil {
		o.Answer = Problem
	}
	fill(&o.SignIn, Path+"login")
	fill(&o.SignedOut, "/")
	o.URL = strings.TrimSuffix(o.URL, "/")
	return o
}
