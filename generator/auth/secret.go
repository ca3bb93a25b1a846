package auth

import (
	"encoding/base64"
	"log/slog"
	"os"
	"strings"

	"octopod/generator/staging"
)

// hidden is a secret in memory. Neither logs nor formats show it.
type hidden string

const redacted = "[redacted]"

func (hidden) String() string               { return redacted }
func (hidden) GoString() string             { return redacted }
func (hidden) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (hidden) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// read fetches the secret; field says in errors whose it is.
func (s Secret) read(field string, getenv func(string) string) (hidden, error) {
	var text string
	where := s.File
	if s.Env != "" {
		where = "$" + s.Env
		text = getenv(s.Env)
	} else {
		data, err := os.ReadFile(s.File)
		if err != nil {
			return "", staging.Errorf(staging.CodeInvalid, "%s cannot be read", field).Because(err)
		}
		text = string(data)
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", staging.Errorf(staging.CodeInvalid, "%s is empty: nothing is in %s", field, where)
	}
	return hidden(text), nil
}

// Named tells whether a secret is named at all.
func (s Secret) Named() bool { return s != Secret{} }

// Read fetches the secret for another part of the program; field says in errors
// whose it is. One that is not named is "".
func (s Secret) Read(field string, getenv func(string) string) (string, error) {
	if !s.Named() {
		return "", nil
	}
	text, err := s.read(field, getenv)
	return string(text), err
}

// decodeKeys reads the keys of the sessions.
func decodeKeys(text hidden) ([][]byte, error) {
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
