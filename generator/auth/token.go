package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"octopod/generator/staging"
)

// tokenPrefix tells what was leaked, to people and to scanners of repositories.
const tokenPrefix = "octopod_"

const hashPrefix = "sha256:"

type tokenHash [sha256.Size]byte

// NewToken makes the secret of an API token, to be shown once, and the hash that
// goes into the configuration.
func NewToken() (secret, hash string) {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails: it ends the process instead
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(random)
	sum := sha256.Sum256([]byte(secret))
	return secret, hashPrefix + hex.EncodeToString(sum[:])
}

func parseHash(text string) (hash tokenHash, ok bool) {
	digits, ok := strings.CutPrefix(text, hashPrefix)
	n, err := hex.Decode(hash[:], []byte(digits[:min(len(digits), 2*len(hash))]))
	return hash, ok && err == nil && n == len(hash) && len(digits) == 2*len(hash)
}

// apiToken gives the identity of a listed token. Looking its hash up leaks
// nothing by the time it takes: the hash of a guess says nothing about the secret.
func (a *Auth) apiToken(secret string) (Identity, error) {
	token, listed := a.tokens[sha256.Sum256([]byte(secret))]
	if !listed {
		return Identity{}, staging.Errorf(staging.CodeUnauthorized, "the token is not one of this server, or was withdrawn").
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
