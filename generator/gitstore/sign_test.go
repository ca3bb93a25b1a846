package gitstore_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"golang.org/x/crypto/ssh"

	"octopod/generator/gitstore"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// TestSSHSignature: the git command verifies the signature (it runs ssh-keygen).
func TestSSHSignature(t *testing.T) {
	key, pem := testenv.NewKey(t)
	signer, err := gitstore.SSHSigner(pem, "")
	if err != nil {
		t.Fatal(err)
	}
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
	s := open(t, gitstore.Options{URL: repo, Signer: signer})
	change(t, s, write("a", "b"))
	change(t, s, write("a", "c"))
	allowed := filepath.Join(t.TempDir(), "allowed")
	line := "octopod@example.com " + string(ssh.MarshalAuthorizedKey(key.PublicKey()))
	if err := os.WriteFile(allowed, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, rev := range []string{"main", "main~1"} {
		testenv.Git(t, repo, "-c", "gpg.format=ssh", "-c", "gpg.ssh.allowedSignersFile="+allowed, "verify-commit", rev)
	}
	testenv.Fsck(t, repo)
}

// TestOpenPGPSignature: the library verifies the signature over exactly the bytes that
// git passes to gpg.
func TestOpenPGPSignature(t *testing.T) {
	entity, err := openpgp.NewEntity("Octopod", "", "octopod@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	var private bytes.Buffer
	w, err := armor.Encode(&private, openpgp.PrivateKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := entity.SerializePrivate(w, nil); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	signer, err := gitstore.OpenPGPSigner(private.Bytes(), "")
	if err != nil {
		t.Fatal(err)
	}
	repo := testenv.Bare(t, filepath.Join(t.TempDir(), "env.git"), 1)
	change(t, open(t, gitstore.Options{URL: repo, Signer: signer}), write("a", "b"))
	raw := testenv.Git(t, repo, "cat-file", "commit", "main") + "\n"
	head, rest, _ := strings.Cut(raw, "gpgsig ")
	sig, body, _ := strings.Cut(rest, "\n\n")
	sig = strings.ReplaceAll(sig, "\n ", "\n")
	payload := head + "\n" + strings.TrimSuffix(body, "\n") + "\n"
	if _, err := openpgp.CheckArmoredDetachedSignature(openpgp.EntityList{entity}, strings.NewReader(payload), strings.NewReader(sig), nil); err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	testenv.Fsck(t, repo)
}

func TestBadSigningKeys(t *testing.T) {
	_, err := gitstore.SSHSigner([]byte("no key"), "")
	wantCode(t, err, staging.CodeUnauthorized, "SSH key")
	_, err = gitstore.OpenPGPSigner([]byte("no key"), "")
	wantCode(t, err, staging.CodeUnauthorized, "OpenPGP")
}
