package setup

import (
	"context"
	"path"
	"slices"
	"strings"

	"octopod/generator/argocd"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// foreignDirectories returns the directories in envs without a record of Octopod.
func foreignDirectories(tree *envrepo.Tree) ([]string, error) {
	names, err := tree.Names()
	if err != nil {
		return nil, err
	}
	var foreign []string
	for _, name := range names {
		_, err := tree.Staging(name)
		switch code := staging.CodeOf(err); {
		case err == nil:
		case code == staging.CodeInvalid || code == staging.CodeNotFound: // no record, or a file of another program
			foreign = append(foreign, name)
		default:
			return nil, err
		}
	}
	return foreign, nil
}

// foreignObjects returns the objects of others in the env repo and in Argo CD that meet
// the names of a new project. It fails if one of them would be replaced.
func foreignObjects(ctx context.Context, r InitRequest, tree *envrepo.Tree, p *project.Project) ([]argocd.Foreign, error) {
	files, err := tree.ForeignManifests(ctx)
	if err != nil {
		return nil, err
	}
	foreign := argocd.ForeignIn(p, files)
	if r.Foreign != nil {
		inArgo, err := r.Foreign(ctx, p)
		if ctx.Err() != nil {
			return nil, err
		}
		foreign = append(foreign, inArgo...) // of an Argo CD that does not answer, doctor reports that
	}
	for _, f := range foreign {
		if f.Replaced {
			return nil, staging.Errorf(staging.CodeExists, "%s: %s", f, f.Conflict).
				WithTechnicalHint("choose another --project")
		}
	}
	return foreign, nil
}

// newFiles returns the files that a tree does not have. It fails when the tree has
// one of them with other content, and names all of those. The README of the env repo
// is its own.
func newFiles(tree *envrepo.Tree, files []staging.File) ([]staging.File, error) {
	var create []staging.File
	var taken []string
	for _, file := range files {
		at, exists, err := pathTaken(tree, file.Path)
		if err != nil {
			return nil, err
		}
		differs, err := tree.Differs([]staging.File{file})
		switch {
		case err != nil:
			return nil, err
		case !exists:
			create = append(create, file)
		case differs && file.Path != readmeFile && !slices.Contains(taken, at):
			taken = append(taken, at)
		}
	}
	if len(taken) == 0 {
		return create, nil
	}
	slices.Sort(taken)
	return nil, staging.Errorf(staging.CodeExists, "init would change files that exist: %s", strings.Join(taken, ", ")).
		WithTechnicalHint("move these files, choose another --project, or use an empty repository")
}

// pathTaken reports whether a path exists, or a file is in the place of one of its
// directories. It returns the path that exists.
func pathTaken(tree *envrepo.Tree, name string) (at string, exists bool, err error) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		entry, exists, err := tree.Entry(dir)
		if err != nil {
			return "", false, err
		}
		if exists && !entry.IsDir() {
			return dir, true, nil
		}
	}
	_, exists, err = tree.Entry(name)
	return name, exists, err
}
