package auth

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"octopod/generator/staging"
)

// Path is where Handler is mounted. The provider must know Path+"callback" as
// the redirect address.
const Path = "/auth/"

// Options is what an Auth needs of the process it runs in.
type Options struct {
	// URL of the server as people reach it: https://octopod.example.com.
	URL string
	// Local is the person with mode none.
	Local staging.Person
	// Getenv reads the environment variables that hold secrets.
	Getenv func(name string) string
	// Client calls the providers. Default: one with a time limit.
	Client *http.Client
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Log tells what an operator should know. Default: nothing.
	Log *slog.Logger
	// Refused hears of every refused attempt, for the audit log and metrics.
	Refused func(ctx context.Context, attempt Attempt)
	// Answer writes a refusal, for the page or the API. Default: a problem (RFC 9457).
	Answer func(w http.ResponseWriter, r *http.Request, status int, err error)
	// SignIn is the page that strangers are sent to, with ?next=. Default
	// /auth/login, which goes on to the provider.
	SignIn string
	// SignedOut is the page to show after signing out. Default /.
	SignedOut string
}

// Auth knows who is asking. Its methods may be called from many goroutines.
type Auth struct {
	config   Config
	options  Options
	proxies  proxies
	provider provider  // nil where nobody signs in here
	sessions *sessions // nil with it
	tokens   map[tokenHash]Token
	issuers  map[string]*issuer
	origin   *http.CrossOriginProtection

	signIns, failures, writes *limiter
}

// New checks a configuration and reads its secrets. It calls no provider yet.
func New(config Config, options Options) (*Auth, error) {
	options = options.withDefaults()
	config = config.withDefaults(options.URL)
	if err := config.check(options.URL); err != nil {
		return nil, err
	}
	a := &Auth{
		config: config, options: options, origin: http.NewCrossOriginProtection(),
		tokens: map[tokenHash]Token{}, issuers: map[string]*issuer{},
		signIns: newLimiter(config.Limits.SignIns), failures: newLimiter(config.Limits.SignIns), writes: newLimiter(config.Limits.Writes),
	}
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
			return nil, staging.Errorf(staging.CodeInvalid, "the server's address %q is no origin", options.URL).
				WithHint("write scheme and host only: https://octopod.example.com").Because(err)
		}
	}
	return a, a.openDoor()
}

// openDoor sets up what signs people in here, in the modes that do.
func (a *Auth) openDoor() error {
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

// client is Octopod as the provider of the mode knows it, and where that is.
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

// newSessions makes sessions that count as long as the provider stays the same:
// another one means other people by the same names.
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
	if s.sealed, err = newSeal(keys, "session "+provider); err != nil {
		return nil, err
	}
	s.flows, err = newSeal(keys, "sign-in "+provider)
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
