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

// keySize is that of a key an operator makes, and of AES-256.
const keySize = 32

// seal encrypts and signs what a browser keeps for us: AES-256-GCM with a random
// nonce. The first key seals, every key opens.
type seal struct{ keys []cipher.AEAD }

var errSeal = errors.New("not sealed with a key of this server")

// newSeal derives from the operator's keys those for one purpose, so that what
// is sealed for one is worth nothing for another.
func newSeal(keys [][]byte, purpose string) (seal, error) {
	var s seal
	for _, key := range keys {
		derived, err := hkdf.Key(sha256.New, key, nil, "octopod "+purpose, keySize)
		if err != nil {
			return seal{}, err
		}
		block, err := aes.NewCipher(derived)
		if err != nil {
			return seal{}, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return seal{}, err
		}
		s.keys = append(s.keys, aead)
	}
	return s, nil
}

func (s seal) close(v any) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.keys[0].Seal(nil, nil, plain, nil)), nil
}

func (s seal) open(text string, into any) error {
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
