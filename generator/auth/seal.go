package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// keySize is the size of an operator's key, and of an AES-256 key.
const keySize = 32

// sealer encrypts and authenticates cookies: AES-256-GCM with a random nonce. The
// first key encrypts, every key decrypts.
type sealer struct{ keys []cipher.AEAD }

var errSeal = errors.New("not encrypted with a key of this server")

// newSealer derives the keys of one purpose from the operator's keys, so that a cookie
// of one purpose is not valid for another.
func newSealer(keys [][]byte, purpose string) (sealer, error) {
	var s sealer
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "octopod "+purpose, keySize)
		if err != nil {
			return sealer{}, err
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return sealer{}, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return sealer{}, err
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

func (s sealer) seal(v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.keys[0].Seal(nil, nil, plain, nil)), nil
}

func (s sealer) open(text string, into any) error {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return errSeal
	}
	for _, key := range s.keys {
		if plain, err := key.Open(nil, nil, sealed, nil); err == nil {
			return json.Unmarshal(plain, into)
		}
	}
	return errSeal
}
