package gitstore

import (
	"cmp"
	"log/slog"
	"time"
)

// DefaultBranch is the branch of an env repo where none is given.
const DefaultBranch = "main"

// Options select a branch of a repository and configure access to it.
type Options struct {
	URL       string   // local path (bare or not), file://, ssh://, user@host:path, https://, http:// with AllowPlainHTTP
	Branch    string   // DefaultBranch when empty; Detached to read what is checked out
	Ref       string   // a whole reference to use instead of a branch: refs/octopod/notifications. The first commit creates it
	Committer Identity // of all commits
	Auth      Auth
	Signer    Signer // nil: commits are not signed

	AllowPlainHTTP bool          // allow http://, which sends credentials and content unencrypted
	Timeout        time.Duration // how long a remote may be silent; 30 s when zero
	MaxAttempts    int           // an edit is busy after this many lost pushes (10 when zero)
	Patience       time.Duration // … and this much time (a minute when zero), whichever comes later; also how long Change retries a server that fails
	ReadPatience   time.Duration // how long other requests are retried; Patience when zero, not at all when negative
	History        bool          // fetch all commits and trees of a remote's history, for a long-lived server

	OnPush func(Push)       // called after every push; may be nil
	OnWait func(Wait)       // called before every pause; may be nil
	Now    func() time.Time // the clock of commit dates; time.Now when nil
	Logger *slog.Logger     // no logs when nil
}

// Detached, as a branch, reads the commit that a work tree has checked out without
// a branch, as CI systems do for pull requests. It cannot be written.
const Detached = "HEAD"

// Auth holds the credentials. Without them, those in the URL are used.
type Auth struct {
	Username         string // of basic auth; git forges accept any with a token
	Token            string
	TokenFile        string // instead of Token: read for each request, so that a token may be rotated
	Tokens           TokenSource
	SSHKeyFile       string // the ssh agent's keys when empty
	SSHKeyPassphrase string
	KnownHostsFiles  []string // those of the user and the system when empty
}

// HasLogin reports whether there are credentials for HTTP.
func (a Auth) HasLogin() bool {
	return a.Username != "" || a.Token != "" || a.TokenFile != "" || a.Tokens != nil
}

// WithLogin returns a with the credentials for HTTP of another Auth.
func (a Auth) WithLogin(of Auth) Auth {
	a.Username, a.Token, a.TokenFile, a.Tokens = of.Username, of.Token, of.TokenFile, of.Tokens
	return a
}

// setDefaults fills in what is not given.
func (o *Options) setDefaults() {
	o.Branch = cmp.Or(o.Branch, DefaultBranch)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 10)
	o.Patience = cmp.Or(o.Patience, time.Minute)
	o.ReadPatience = cmp.Or(o.ReadPatience, o.Patience)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnPush == nil {
		o.OnPush = func(Push) {}
	}
	if o.OnWait == nil {
		o.OnWait = func(Wait) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// ref returns the reference that the store reads and writes.
func (o *Options) ref() string {
	if o.Ref != "" {
		return o.Ref
	}
	return "refs/heads/" + o.Branch
}
