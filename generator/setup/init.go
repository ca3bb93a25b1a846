package setup

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// InitRequest makes an env repo out of a repository that has no octopod.yaml.
type InitRequest struct {
	Name, Title  string
	Engine       project.Engine
	Output       project.Output
	BaseDomain   string
	RepoURL      string   // of the env repo, as Argo CD reaches it; may be empty
	Template     fs.FS    // somebody's own base; nil means the sample project
	TemplatePath string   // as the reader wrote it, for messages
	TemplateDir  string   // the kustomize base within Template; "." or "" is all of it
	TemplateUses []string // paths within Template that the base needs; empty means all
	TemplateFile string   // the jsonnet file within Template
	By           rights.Actor
	DryRun       bool
}

// InitResult says what was written.
type InitResult struct {
	Project  *project.Project
	Plan     []staging.PlanItem
	Revision string
	Notes    []string          // what was read off the template, for people
	Findings []staging.Problem // what the checks would refuse in it
}

// layout is an env repo to be written: octopod.yaml and everything it names.
type layout struct {
	project  *project.Project
	files    []staging.File
	notes    []string
	findings []staging.Problem
}

// Init writes octopod.yaml, the templates and the schemas in one commit.
// An env repo that has an octopod.yaml already is left alone.
func (g *Setup) Init(ctx context.Context, r InitRequest) (InitResult, error) {
	l, err := g.layout(ctx, r)
	if err != nil {
		return InitResult{}, err
	}
	result := InitResult{Project: l.project, Notes: l.notes, Findings: l.findings}
	done, err := g.Commit(ctx, r.DryRun, func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		_, exists, err := tree.Entry(project.File)
		if err != nil {
			return envrepo.Edit{}, err
		}
		if exists {
			return envrepo.Edit{}, staging.Errorf(staging.CodeExists, "the env repo has an %s already", project.File).
				WithHint("edit that file; `octopod lint` checks it")
		}
		files, err := keepExisting(tree, l.files)
		if err != nil {
			return envrepo.Edit{}, err
		}
		edit := envrepo.Edit{
			Verb: "init", Staging: r.Name, Subject: string(l.project.Spec.Engine) + ", " + string(l.project.Spec.Output),
			By: r.By.Person, Via: r.By.Via, Request: r.By.Request, Write: files,
		}
		result.Plan, err = edit.Plan(tree)
		return edit, err
	})
	if err != nil {
		return InitResult{}, err
	}
	result.Revision = done.Revision
	return result, nil
}

// keepExisting returns the files without the README when the env repo has its own.
func keepExisting(tree *envrepo.Tree, files []staging.File) ([]staging.File, error) {
	_, exists, err := tree.Entry(readmeFile)
	if err != nil || !exists {
		return files, err
	}
	return slices.DeleteFunc(slices.Clone(files), func(f staging.File) bool { return f.Path == readmeFile }), nil
}

func (g *Setup) layout(ctx context.Context, r InitRequest) (layout, error) {
	if r.Engine != project.EngineKustomize && r.Engine != project.EngineJsonnet {
		return layout{}, staging.Errorf(staging.CodeInvalid, "%q is no engine: choose kustomize or jsonnet", r.Engine)
	}
	for _, err := range []error{project.CheckName(r.Name), project.CheckDomain(r.BaseDomain)} {
		if err != nil {
			return layout{}, staging.Errorf(staging.CodeInvalid, "%s", err)
		}
	}
	var l layout
	var err error
	switch {
	case r.Template == nil:
		l, err = sampleLayout(r)
	case r.Engine == project.EngineJsonnet:
		l, err = g.adoptJsonnet(ctx, r)
	default:
		l, err = g.adoptKustomize(ctx, r)
	}
	if err != nil {
		return layout{}, err
	}
	kept, err := g.DerivedFiles(l.project)
	if err != nil {
		return layout{}, err
	}
	if l.project.Spec.ArgoCD.RepoURL == "" {
		l.notes = append(l.notes, "write where Argo CD finds this repository to spec.argocd.repoURL; `octopod lint --fix` then writes its files")
	}
	l.files = append(append(l.files, kept...), staging.File{Path: readmeFile, Data: readme(l.project)})
	return l, nil
}

const readmeFile = "README.md"

// readme describes the env repo to people who come across it.
func readme(p *project.Project) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Stagings of %s\n\n", p.Metadata.Title)
	b.WriteString("Octopod writes this repository, and Argo CD syncs it to the cluster. Each directory under `envs` is one staging.\n\n")
	b.WriteString("- `octopod.yaml`: services, parameters, presets. Edit, commit, run `octopod lint`.\n")
	b.WriteString("- `templates` or `jsonnet`: the template of all stagings. Edit, commit, run `octopod lint`, push.\n  With output `source` the push changes every staging; with `rendered`, run `octopod regenerate --all`.\n")
	b.WriteString("- `envs/<name>/staging.yaml`: the record of one staging. After an edit by hand, run `octopod regenerate <name>`:\n  it generates the other files of the directory.\n\n")
	b.WriteString("`git revert` reverts a change. `octopod rollback` also pins the staging, so that CI does not undo the rollback.\n")
	return b.Bytes()
}

// maxTemplate bounds what is copied from a template directory.
const maxTemplate = 16 << 20

// copyTemplate reads a directory to be copied below dir: all of it, or the paths
// that are used. Hidden files that nothing names are left behind, symbolic links refused.
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
				WithHint("put the file itself into the template directory: the env repo holds plain files")
		case entry.IsDir() || !catalog.Covers(name, uses):
			return nil
		}
		data, err := fs.ReadFile(from, name)
		size += len(data)
		if err == nil && size > maxTemplate {
			return staging.Errorf(staging.CodeInvalid, "the template directory holds more than %d MiB", maxTemplate>>20).
				WithHint("give the directory of the manifests alone")
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
