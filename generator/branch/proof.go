package branch

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// verifyHMAC verifies a header with the HMAC-SHA256 of the body in hex, as GitHub,
// Gitea and Bitbucket send it:
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
func verifyHMAC(header, prefix string) func(Request, string, time.Time) bool {
	return func(h Request, secret string, _ time.Time) bool {
		digits, ok := strings.CutPrefix(h.Header(header), prefix)
		signature, err := hex.DecodeString(digits)
		return ok && err == nil && hmac.Equal(signature, hmacSHA256(secret, h.Body))
	}
}

func hmacSHA256(secret string, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	for _, part := range parts {
		mac.Write(part) // a hash never fails
	}
	return mac.Sum(nil)
}

// maxClockSkew is the allowed difference between the clocks of sender and server.
const maxClockSkew = 5 * time.Minute

// verifyGitLab verifies GitLab's signature if there is one, else its token:
// https://docs.gitlab.com/user/project/integrations/webhooks/. A signature is valid
// for maxClockSkew; a token is the secret itself.
func verifyGitLab(h Request, secret string, now time.Time) bool {
	signatures := h.Header("webhook-signature")
	if signatures == "" {
		return equalSecrets(h.Header("X-Gitlab-Token"), secret)
	}
	key := secret
	if encoded, ok := strings.CutPrefix(secret, "whsec_"); ok {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return false
		}
		key = string(raw)
	}
	seconds, err := strconv.ParseInt(h.Header("webhook-timestamp"), 10, 64)
	if age := now.Sub(time.Unix(seconds, 0)); err != nil || age.Abs() > maxClockSkew {
		return false
	}
	signed := hmacSHA256(key, []byte(h.Header("webhook-id")+"."+h.Header("webhook-timestamp")+"."), h.Body)
	want := "v1," + base64.StdEncoding.EncodeToString(signed)
	proven := false
	for one := range strings.FieldsSeq(signatures) { // there are two while a secret is rotated
		proven = equalSecrets(one, want) || proven
	}
	return proven
}

// verifyRegistry verifies what the vendor offers: an Authorization header, Artifactory's
// own header, which holds the secret or an HMAC of the body, or a token in the address,
// which is all that Docker Hub and Quay can send:
// https://jfrog.com/help/r/jfrog-platform-administration-documentation/webhooks
func verifyRegistry(h Request, secret string, now time.Time) bool {
	artifactory := h.Header("X-JFrog-Event-Auth")
	return verifyAuthorization(h, secret, now) || equalSecrets(h.Token, secret) || equalSecrets(artifactory, secret) ||
		verifyHMAC("X-JFrog-Event-Auth", "")(h, secret, now)
}

// verifyAuthorization verifies the Authorization header that the sender is configured to
// send: the secret, as a bearer token or as the password of any user:
// https://distribution.github.io/distribution/about/notifications/
// https://learn.microsoft.com/azure/devops/service-hooks/services/webhooks
func verifyAuthorization(h Request, secret string, _ time.Time) bool {
	given := h.Header("Authorization")
	if encoded, ok := strings.CutPrefix(given, "Basic "); ok {
		pair, err := base64.StdEncoding.DecodeString(encoded)
		_, password, _ := strings.Cut(string(pair), ":")
		return err == nil && equalSecrets(password, secret)
	}
	return equalSecrets(strings.TrimPrefix(given, "Bearer "), secret)
}

// equalSecrets compares two secrets in constant time.
func equalSecrets(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
