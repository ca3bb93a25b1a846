package staging

import (
	"slices"
	"strings"
	"unicode"
)

// mask replaces a redacted value.
const mask = "***"

// IsSecretName reports whether the name of a setting suggests that its value is secret.
func IsSecretName(name string) bool {
	upper := strings.ToUpper(name)
	for _, word := range []string{"PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "CREDENTIAL", "KEY"} {
		if strings.Contains(upper, word) {
			return true
		}
	}
	return false
}

// RedactValue returns the value of a setting for display: masked if its name or its
// form suggests that it is secret.
func RedactValue(name, value string) string {
	if _, looks := DetectSecret(value); value != "" && (looks || IsSecretName(name)) {
		return mask
	}
	return value
}

// NamesSecret reports whether the value of a setting with this name is a secret itself:
// DB_PASSWORD, stripeKey. It is stricter than IsSecretName, which masks a value when in
// doubt: TOKEN_TTL and KEYCLOAK_URL are about a secret and hold none.
func NamesSecret(name string) bool {
	words := nameWords(name)
	if len(words) == 0 || slices.Contains(plainWords, words[len(words)-1]) {
		return false
	}
	for i, word := range words {
		word = strings.TrimRight(strings.TrimRight(word, "0123456789"), "S")
		for _, secret := range []string{"PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "CREDENTIAL", "APIKEY", "ACCESSKEY", "PRIVATEKEY", "SECRETKEY"} {
			if strings.HasSuffix(word, strings.TrimSuffix(secret, "S")) {
				return true
			}
		}
		if word == "PWD" && i > 0 || word == "KEY" && (i == 0 || !slices.Contains(publicKeys, words[i-1])) {
			return true
		}
	}
	return false
}

// namesSecretValue is NamesSecret for a key in any file. A key of Kubernetes or of a tool is
// about a secret more often than the name of a setting.
func namesSecretValue(name string) bool {
	words := nameWords(name)
	if len(words) == 1 && strings.HasPrefix(words[0], "KEY") || len(words) == 0 {
		return false
	}
	switch last := words[len(words)-1]; last {
	case "HASH", "CHECKSUM", "DIGEST", "SHA", "FINGERPRINT", "SIGNATURE", "UID", "CERT", "CERTIFICATE", "BUNDLE":
		return false
	case "PASS":
		return len(words) > 1
	}
	return NamesSecret(name)
}

// plainWords end the names of settings that are about a secret.
var plainWords = strings.Fields(`URL URI HOST PORT PATH FILE DIR NAME ID TTL TIMEOUT LIFETIME EXPIRY EXPIRES EXPIRATION DURATION AGE LENGTH SIZE MIN MAX
	COUNT LIMIT BUDGET POLICY TYPE KIND MODE ENABLED DISABLED REQUIRED ISSUER AUDIENCE REALM ALGORITHM ALG HEADER FIELD PREFIX SUFFIX PATTERN FORMAT
	STORE PROVIDER BACKEND ENDPOINT REF REFERENCE VERSION ROTATION INTERVAL MANAGER REGION MODEL SERVICE SCOPE SCOPES USER EMAIL HINT LABEL`)

// publicKeys are the words before KEY that name a key which is no secret.
var publicKeys = strings.Fields(`PUBLIC PUBLISHABLE CACHE PARTITION SORT PRIMARY FOREIGN ROUTING GROUP MAP OBJECT IDEMPOTENCY SHARD HOT SITE FEATURE SEARCH`)

// nameWords splits a name at its separators and at its capitals, in upper case.
func nameWords(name string) []string {
	var b strings.Builder
	lower := false
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			r, lower = ' ', false
		case unicode.IsUpper(r) && lower:
			b.WriteByte(' ')
			lower = false
		default:
			lower = unicode.IsLower(r)
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return strings.Fields(b.String())
}
