package auth

import (
	"context"
	"log/slog"
	"time"

	"octopod/generator/staging"
)

// Method says how it was found out who is asking.
type Method string

// The methods. The empty one means that nobody has been recognised.
const (
	MethodNone    Method = "none"    // not asked: whoever sits at this machine
	MethodSession Method = "session" // signed in, by cookie
	MethodHeader  Method = "header"  // signed in at the proxy in front
	MethodToken   Method = "token"   // API token
	MethodCI      Method = "ci"      // token of a CI run
)

// Identity is who is asking. The zero Identity is a stranger.
type Identity struct {
	// Person is the author of what this identity commits. The sign-in vouches for
	// the address; it is empty where it does not.
	Person staging.Person
	// Subject names the identity for ever, in the words of who vouches for it.
	Subject string
	// Groups as the sign-in names them.
	Groups []string
	Method Method
	// Scope is all that a token may do; nil for people.
	Scope *Scope
	// Expires is when a new proof is needed; zero for never. A stream that
	// outlives it must end.
	Expires time.Time
}

// Known tells whether anybody has been recognised.
func (i Identity) Known() bool { return i.Method != "" }

// LogValue names the identity in logs, without its groups.
func (i Identity) LogValue() slog.Value {
	return slog.GroupValue(slog.String("method", string(i.Method)), slog.String("subject", i.Subject), slog.String("name", i.Person.Name))
}

type identityKey struct{}

// From gives who is asking; a stranger where Middleware was not passed.
func From(ctx context.Context) Identity {
	identity, _ := ctx.Value(identityKey{}).(Identity)
	return identity
}

// with puts an identity into a context, as Middleware does.
func with(ctx context.Context, identity Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, identity)
}
