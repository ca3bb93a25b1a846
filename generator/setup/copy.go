package setup

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/staging"
)

// maxTemplate limits the size of a copied template directory.
const maxTemplate = 16 << 20

// copyTemplate reads the files to copy below dir: the whole directory, or only the
// paths in uses. It skips hidden files that uses does not name and rejects symbolic
// links.
func copyTemplate(from fs.FS, dir string, uses ...string) ([]staging.File, error) {
	var files []staging.File
	size := 0
	err := fs.WalkDir(from, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && strings.HasPrefix(entry.Name(), ".") && !slices.Contains(uses, name):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			return staging.Errorf(staging.CodeInvalid, "%s is a symbolic link", name).
				WithHint("replace the link with the file: the env repo holds plain files")
		case entry.IsDir() || !catalog.Covers(name, uses):
			return nil
		}
		data, err := fs.ReadFile(from, name)
		size += len(data)
		if err == nil && size > maxTemplate {
			return staging.Errorf(staging.CodeInvalid, "the template directory holds more than %d MiB", maxTemplate>>20).
				WithHint("name the directory that holds the manifests and nothing else")
		}
		files = append(files, staging.File{Path: path.Join(dir, name), Data: data})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the template directory: %w", err)
	}
	if len(files) == 0 {
		return nil, staging.Errorf(staging.CodeInvalid, "the template directory is empty")
	}
	return files, nil
}
