package gitstore

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"octopod/generator/staging"
)

// Signer signs commits.
type Signer interface {
	// Sign returns an armored detached signature of message.
	Sign(message []byte) (armored []byte, err error)
}

// SSHSigner returns a Signer with an SSH private key, as git's gpg.format=ssh.
func SSHSigner(pem []byte, passphrase string) (Signer, error) {
	key, err := parseSSHKey(pem, passphrase)
	if err != nil {
		return nil, err
	}
	return sshSigner{key}, nil
}

type sshSigner struct{ key ssh.Signer }

func (s sshSigner) Sign(message []byte) ([]byte, error) {
	sig, err := sshsig.Sign(bytes.NewReader(message), s.key, sshsig.HashSHA512, "git")
	if err != nil {
		return nil, fmt.Errorf("ssh signature: %w", err)
	}
	return sshsig.Armor(sig), nil
}

// parseSSHKey parses a private key. Its errors are for users.
func parseSSHKey(pem []byte, passphrase string) (ssh.Signer, error) {
	key, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		if passphrase == "" {
			return nil, failf(staging.CodeUnauthorized, nil, "give the passphrase, or load the key into the ssh agent",
				"the SSH key is protected by a passphrase")
		}
		key, err = ssh.ParsePrivateKeyWithPassphrase(pem, []byte(passphrase))
	}
	if err != nil {
		return nil, failf(staging.CodeUnauthorized, err, "check the key file and its passphrase", "cannot read the SSH key")
	}
	return key, nil
}

// OpenPGPSigner returns a Signer with an armored OpenPGP private key.
func OpenPGPSigner(armored []byte, passphrase string) (Signer, error) {
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil || len(ring) == 0 || ring[0].PrivateKey == nil {
		return nil, failf(staging.CodeUnauthorized, err, "", "this is not an armored OpenPGP private key").
			WithTechnicalHint("export one with `gpg --armor --export-secret-keys`")
	}
	if err := ring[0].DecryptPrivateKeys([]byte(passphrase)); err != nil {
		return nil, failf(staging.CodeUnauthorized, err, "check the passphrase", "cannot decrypt the OpenPGP key")
	}
	return pgpSigner{ring[0]}, nil
}

type pgpSigner struct{ key *openpgp.Entity }

func (s pgpSigner) Sign(message []byte) ([]byte, error) {
	var b bytes.Buffer
	if err := openpgp.ArmoredDetachSign(&b, s.key, bytes.NewReader(message), &packet.Config{}); err != nil {
		return nil, fmt.Errorf("openpgp signature: %w", err)
	}
	return append(b.Bytes(), '\n'), nil
}
