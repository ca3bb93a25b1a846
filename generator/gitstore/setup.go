package gitstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/config"
	format "github.com/go-git/go-git/v5/plumbing/format/config"

	"octopod/generator/staging"
)

// InitBare creates an empty bare repository whose HEAD is the given branch. It
// fails when path exists and is not empty.
func InitBare(ctx context.Context, path, branch string) error {
	branch, err := staging.ParseBranch(branch)
	if err != nil {
		return err
	}
	if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
		return failf(staging.CodeExists, nil, "choose another path", "%s exists and is not empty", path)
	}
	for _, dir := range []string{"objects/pack", "objects/info", "refs/heads", "refs/tags", "info", "hooks"} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(path, filepath.FromSlash(dir)), 0o777); err != nil {
			return diskError(err, path)
		}
	}
	for _, f := range []struct{ name, content string }{
		{"config", "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"},
		{"description", "Env repo of Octopod\n"},
		{"HEAD", "ref: refs/heads/" + branch + "\n"},
	} {
		if err := os.WriteFile(filepath.Join(path, f.name), []byte(f.content), 0o644); err != nil {
			return diskError(err, path)
		}
	}
	return nil
}

// checkFormat returns an error for repository formats that this package cannot
// write.
func checkFormat(dir string) error {
	f, err := os.Open(filepath.Join(dir, "config"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read git config: %w", err)
	}
	defer f.Close()
	c := format.New()
	if err := format.NewDecoder(f).Decode(c); err != nil {
		return failf(staging.CodeInvalid, err, "", "cannot read %s", f.Name())
	}
	ext := c.Section("extensions")
	for key, only := range map[string]string{"objectformat": "sha1", "refstorage": "files"} {
		if v := ext.Option(key); v != "" && v != only {
			return failf(staging.CodeInvalid, nil, "", "the repository %s uses %s %s, which Octopod cannot write", dir, key, v).
				WithTechnicalHint("create the env repo with `git init --object-format=sha1 --ref-format=files`")
		}
	}
	return nil
}

// UserIdentity returns user.name and user.email of the user's global git
// configuration, and whether both are set.
func UserIdentity() (Identity, bool) {
	c, err := config.LoadConfig(config.GlobalScope)
	if err != nil {
		return Identity{}, false
	}
	id := Identity{Name: c.User.Name, Email: c.User.Email}
	return id, id.Name != "" && id.Email != ""
}
