package auth

import (
	"context"
	"log/slog"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Method is how a request authenticated.
type Method string

// The methods. The empty method means a stranger.
const (
	MethodNone    Method = "none"    // mode none: the person at this machine
	MethodSession Method = "session" // cookie of a sign-in
	MethodHeader  Method = "header"  // signed in at the proxy in front
	MethodToken   Method = "token"   // API token
	MethodCI      Method = "ci"      // token of a CI run
)

// Identity is the person or program that sent a request. The zero Identity is a
// stranger.
type Identity struct {
	// Person is the author of this identity's commits. The mail address is empty
	// unless the provider has verified it.
	Person staging.Person
	// Subject is the permanent identifier that the provider or issuer gives.
	Subject string
	// Groups as the provider names them.
	Groups []string
	Method Method
	// Scope limits a token; nil for people.
	Scope *Scope
	// Origin binds a CI run to its repository and branch; nil for everybody else.
	Origin *project.RunOrigin
	// Expires is when the identity must authenticate again; zero for never. A stream
	// must end then.
	Expires time.Time
}

// Known reports whether the identity is authenticated.
func (i Identity) Known() bool { return i.Method != "" }

// LogValue returns the identity for logs, without its groups.
func (i Identity) LogValue() slog.Value {
	return slog.GroupValue(slog.String("method", string(i.Method)), slog.String("subject", i.Subject), slog.String("name", i.Person.Name))
}

type identityKey struct{}

// From returns the identity in a context; a stranger if Middleware did not put one in.
func From(ctx context.Context) Identity {
	identity, _ := ctx.Value(identityKey{}).(Identity)
	return identity
}

// with returns a context that carries an identity.
func with(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}
