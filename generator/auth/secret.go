package auth

import (
	"encoding/base64"
	"log/slog"
	"os"
	"strings"

	"octopod/generator/staging"
)

// secretString is a secret in memory. Logs and fmt print it redacted.
type secretString string

const redacted = "[redacted]"

func (secretString) String() string               { return redacted }
func (secretString) GoString() string             { return redacted }
func (secretString) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (secretString) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// read returns the secret; errors name the configuration field.
func (s Secret) read(field string, getenv func(string) string) (secretString, error) {
	var text string
	where := s.File
	if s.Env != "" {
		where = "$" + s.Env
		text = getenv(s.Env)
	} else {
		data, err := os.ReadFile(s.File)
		if err != nil {
			return "", staging.Errorf(staging.CodeInvalid, "cannot read %s", field).Because(err)
		}
		text = string(data)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", staging.Errorf(staging.CodeInvalid, "%s is empty: %s has no content", field, where)
	}
	return secretString(text), nil
}

// Named reports whether the configuration names a secret.
func (s Secret) Named() bool { return s != Secret{} }

// Read returns the secret for another part of the program, or "" for one that is not
// named. Errors name the configuration field.
func (s Secret) Read(field string, getenv func(string) string) (string, error) {
	if !s.Named() {
		return "", nil
	}
	text, err := s.read(field, getenv)
	return string(text), err
}

// decodeKeys decodes the keys of the sessions.
func decodeKeys(text secretString) ([][]byte, error) {
	var keys [][]byte
	for i, line := range strings.Fields(string(text)) {
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != keySize {
			return nil, staging.Errorf(staging.CodeInvalid, "auth.session.keys: key %d is not %d bytes in base64", i+1, keySize).
				WithHint("make one with: openssl rand -base64 %d", keySize)
		}
		keys = append(keys, key)
	}
	return keys, nil
}
