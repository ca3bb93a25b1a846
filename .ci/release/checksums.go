package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"aead.dev/minisign"
)

// checksumsName is the file that names every result with its sum, as sha256sum -c reads it.
const checksumsName = "checksums.txt"

// checksums writes the sums of all results, and their signature if there is a key.
func (r *release) checksums() error {
	entries, err := os.ReadDir(r.out) // sorted by name
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, e := range entries {
		sum, err := r.sum(e.Name())
		if err != nil {
			return err
		}
		fmt.Fprintf(&list, "%s  %s\n", sum, e.Name())
	}
	path := filepath.Join(r.out, checksumsName)
	if err := os.WriteFile(path, []byte(list.String()), 0o644); err != nil {
		return err
	}
	if r.signingKey == "" {
		log.Printf("octopod %s: not signed, since -signing-key names no key", r.version)
		return nil
	}
	return sign(path, list.String(), r.signingKey)
}

func (r *release) sum(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(r.out, name))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// sign writes the minisign signature of a file beside it.
func sign(path, content, keyFile string) error {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return err
	}
	var key minisign.PrivateKey
	if err := key.UnmarshalText(text); err != nil {
		return fmt.Errorf("%s is not a minisign key without a password: %w", keyFile, err)
	}
	return os.WriteFile(path+".minisig", minisign.Sign(key, []byte(content)), 0o644)
}
