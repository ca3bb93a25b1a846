package testenv

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Env returns the environment for git commands, without the configuration of the
// machine and the user, so that tests are the same everywhere.
func Env() []string {
	return append(os.Environ(),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com",
		"LC_ALL=C")
}

// TryGit runs git in a directory and returns its output.
func TryGit(dir string, args ...string) (string, error) {
	return tryGit(dir, nil, args...)
}

func tryGit(dir string, stdin []byte, args ...string) (string, error) {
	c := exec.Command("git", args...)
	c.Dir, c.Env, c.Stdin = dir, Env(), bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("git %s: %w\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// Git runs git in a directory. The test fails if git fails.
func Git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := TryGit(dir, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// GitInput is like Git, with standard input.
func GitInput(t testing.TB, dir string, stdin []byte, args ...string) string {
	t.Helper()
	out, err := tryGit(dir, stdin, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Fsck fails the test if git fsck finds errors. No process may write meanwhile: git
// fsck reports new objects as missing.
func Fsck(t testing.TB, dir string) {
	t.Helper()
	out, err := TryGit(dir, "fsck", "--full", "--strict", "--no-dangling")
	if err != nil || strings.Contains(out, "error") || strings.Contains(out, "missing") {
		t.Fatalf("git fsck: %v\n%s", err, out)
	}
}

// EmptyBare creates a bare repository without commits whose HEAD is main.
func EmptyBare(t testing.TB, dir string) string {
	t.Helper()
	Git(t, ".", "init", "--quiet", "--bare", "--initial-branch=main", dir)
	for _, kv := range []string{"http.receivepack=true", "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true", "gc.auto=0"} {
		k, v, _ := strings.Cut(kv, "=")
		Git(t, dir, "config", k, v)
	}
	return dir
}

// Bare creates a bare repository with n stagings, three files each, a template and a
// project file, in one commit.
func Bare(t testing.TB, dir string, n int) string {
	t.Helper()
	EmptyBare(t, dir)
	GitInput(t, dir, fastImport(n), "fast-import", "--quiet")
	return dir
}

// fastImport writes what git fast-import reads.
func fastImport(n int) []byte {
	var b bytes.Buffer
	b.WriteString("commit refs/heads/main\nauthor Ann <ann@example.com> 1700000000 +0000\n" +
		"committer Carl <carl@example.com> 1700000000 +0000\ndata 5\nbegin\n")
	file := func(path, content string) {
		fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(content), content)
	}
	file("octopod.yaml", "project: shop\n")
	file("templates/shop/kustomization.yaml", "resources: [deployment.yaml]\n")
	file("templates/shop/deployment.yaml", "kind: Deployment\n")
	for i := range n {
		for _, f := range Staging(i, 0) {
			file(f.Path, string(f.Data))
		}
	}
	return b.Bytes()
}

// File is a file of a staging.
type File struct {
	Path string
	Data []byte
}

// StagingName names staging i.
func StagingName(i int) string { return fmt.Sprintf("feature-%05d", i) }

// Staging returns the three files of staging i (1, 0.5 and 6 KB) at a version. All
// three differ in each version.
func Staging(i, version int) []File {
	dir := "envs/" + StagingName(i)
	line := func(j int) string {
		return fmt.Sprintf("key%03d: value of staging %d, version %d, line %d, %x\n", j, i, version, j, (i+1)*(j+7)*2654435761)
	}
	text := func(size int) []byte {
		var b bytes.Buffer
		for j := 0; b.Len() < size; j++ {
			b.WriteString(line(j))
		}
		return b.Bytes()[:size]
	}
	return []File{
		{dir + "/staging.yaml", text(1000)},
		{dir + "/kustomization.yaml", text(500)},
		{dir + "/manifests.yaml", text(6000)},
	}
}

// WorkTree clones a repository into a directory with a work tree.
func WorkTree(t testing.TB, from, dir string) string {
	t.Helper()
	Git(t, ".", "clone", "--quiet", from, dir)
	return dir
}

// WriteFile writes a file below a directory.
func WriteFile(t testing.TB, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}
