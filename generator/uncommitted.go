package generator

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Uncommitted lists the files of a work tree, among those that Octopod reads,
// that differ from the tip. Octopod works on commits and looks at none of them.
func (g *Stagings) Uncommitted(ctx context.Context, work fs.FS) ([]string, error) {
	tree, err := g.Repo.Tip(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, root := range []string{project.File, "templates", "jsonnet", envrepo.Dir} {
		err := fs.WalkDir(work, root, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := fs.ReadFile(work, name)
			if err == nil && tree.Differs([]staging.File{{Path: name, Data: data}}) {
				names = append(names, name)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("comparing the work tree: %w", err)
		}
	}
	return names, nil
}
