package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"octopod/generator/staging"
)

// tokenPrefix lets people and secret scanners recognise a leaked token.
const tokenPrefix = "octopod_"

const hashPrefix = "sha256:"

type tokenHash [sha256.Size]byte

// NewToken generates the secret of an API token, to print once, and its hash for the
// configuration.
func NewToken() (secret, hash string) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never returns an error
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(secret))
	return secret, hashPrefix + hex.EncodeToString(sum[:])
}

func parseHash(text string) (hash tokenHash, ok bool) {
	digits, ok := strings.CutPrefix(text, hashPrefix)
	n, err := hex.Decode(hash[:], []byte(digits[:min(len(digits), 2*len(hash))]))
	return hash, ok && err == nil && n == len(hash) && len(digits) == 2*len(hash)
}

// apiToken returns the identity of a listed token. The lookup by hash leaks nothing
// through its timing: the hash of a guess reveals nothing about the secret.
func (a *Auth) apiToken(secret string) (Identity, error) {
	token, listed := a.tokens[sha256.Sum256([]byte(secret))]
	if !listed {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "this server does not list the token: it is wrong or revoked").
			WithHint("ask for a new one")
	}
	if !a.options.Now().Before(token.Expires) {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the token %s expired on %s", token.Name, token.Expires.Format("2 January 2006")).
			WithHint("ask for a new one")
	}
	return Identity{
		Person: staging.Person{Name: token.Name, Email: token.Email}, Subject: "token:" + token.Name,
		Method: MethodToken, Scope: &token.Scope, Expires: token.Expires,
	}, nil
}
