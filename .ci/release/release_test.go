package main

import (
	"archive/tar"
	"compress/gzip"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"aead.dev/minisign"
)

// A release for the machine of the test is whole: what each file promises holds.
func TestRelease(t *testing.T) {
	key := newSigningKey(t)
	out := filepath.Join(t.TempDir(), "dist")
	r, err := parse(t.Context(), []string{
		"-source", "../..", "-out", out, "-version", "v9.8.7", "-repository", "example.com/acme/octopod",
		"-targets", "linux/" + runtime.GOARCH, "-signing-key", key.file,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.build(t.Context()); err != nil {
		t.Fatal(err)
	}
	name := "octopod_9.8.7_linux_" + runtime.GOARCH
	want := []string{checksumsName, checksumsName + ".minisig", "krew.yaml", "octopod.rb", name + ".cdx.json", name + ".deb", name + ".tar.gz"}
	if got := names(t, out); !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
	t.Run("checksums", func(t *testing.T) { checkSums(t, out, key.public) })
	t.Run("archive", func(t *testing.T) {
		dir := t.TempDir()
		unpack(t, filepath.Join(out, name+".tar.gz"), dir)
		checkTree(t, dir, "octopod", "completions/octopod.bash", "man/octopod-deploy.1")
	})
	t.Run("Debian package", func(t *testing.T) {
		dir := t.TempDir()
		command(t, out, "dpkg-deb", "--extract", name+".deb", dir)
		checkTree(t, dir, "usr/bin/octopod", "usr/share/bash-completion/completions/octopod", "usr/share/man/man1/octopod-deploy.1")
		if got := command(t, out, "dpkg-deb", "--field", name+".deb", "Version"); strings.TrimSpace(got) != "9.8.7" {
			t.Errorf("version %s", got)
		}
	})
	t.Run("bill of materials", func(t *testing.T) { checkBill(t, read(t, out, name+".cdx.json")) })
	t.Run("installers", func(t *testing.T) {
		sum, err := r.sum(name + ".tar.gz")
		if err != nil {
			t.Fatal(err)
		}
		url := "https://example.com/acme/octopod/releases/download/v9.8.7/" + name + ".tar.gz"
		for _, manifest := range []string{"octopod.rb", "krew.yaml"} {
			if text := string(read(t, out, manifest)); !strings.Contains(text, url) || !strings.Contains(text, sum) {
				t.Errorf("%s does not name the archive and its sum:\n%s", manifest, text)
			}
		}
	})
	t.Run("the same bytes again", func(t *testing.T) {
		before := read(t, out, checksumsName)
		if err := r.build(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after := read(t, out, checksumsName); string(before) != string(after) {
			t.Errorf("first\n%s\nthen\n%s", before, after)
		}
	})
}

func TestTargetsAreChecked(t *testing.T) {
	for _, list := range []string{"", "linux", "linux/", "/amd64", "linux/amd64,"} {
		if targets, err := parseTargets(list); err == nil {
			t.Errorf("%q: %v", list, targets)
		}
	}
}

func checkSums(t *testing.T, dir string, public minisign.PublicKey) {
	command(t, dir, "sha256sum", "--check", "--strict", checksumsName)
	signed, signature := read(t, dir, checksumsName), read(t, dir, checksumsName+".minisig")
	if !minisign.Verify(public, signed, signature) {
		t.Error("the signature is not that of the checksums")
	}
	if minisign.Verify(public, append(signed, ' '), signature) {
		t.Error("the signature fits other checksums, too")
	}
}

func checkBill(t *testing.T, content []byte) {
	type component struct{ Name, Version string }
	var bom struct{ Components []component }
	if err := json.Unmarshal(content, &bom); err != nil {
		t.Fatal(err)
	}
	for _, module := range []string{"std", "github.com/go-git/go-git/v5", "sigs.k8s.io/kustomize/api"} {
		if !slices.ContainsFunc(bom.Components, func(c component) bool { return c.Name == module && c.Version != "" }) {
			t.Errorf("%s is missing", module)
		}
	}
}

// checkTree checks that an unpacked package has a program that runs, and other files.
func checkTree(t *testing.T, dir, program string, files ...string) {
	t.Helper()
	if got := command(t, dir, "./"+program, "version"); !strings.HasPrefix(got, "octopod v9.8.7 ") {
		t.Errorf("the program calls itself %q", got)
	}
	for _, f := range files {
		if info, err := os.Stat(filepath.Join(dir, f)); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty: %v", f, err)
		}
	}
}

type signingKey struct {
	file   string
	public minisign.PublicKey
}

func newSigningKey(t *testing.T) signingKey {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := private.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return signingKey{file, public}
}

func unpack(t *testing.T, archive, dir string) {
	t.Helper()
	packed, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	stream, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	entries := tar.NewReader(stream)
	for header, err := entries.Next(); !errors.Is(err, io.EOF); header, err = entries.Next() {
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
}

func command(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return string(out)
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
