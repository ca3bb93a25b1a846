package setup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"octopod/generator/change"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
)

// importedTemplate is a copy of the user's template for the env repo.
type importedTemplate struct {
	r     InitRequest
	dir   string // the copy's directory in the env repo
	files []staging.File
	notes []string

	secrets []string // names of the plain Secrets that were left out
}

// importTemplate copies the request's template to a directory of the env repo.
func importTemplate(r InitRequest, dir string) (*importedTemplate, error) {
	t := &importedTemplate{r: r, dir: dir}
	var err error
	if t.files, err = copyTemplate(r.Template, dir, r.TemplateUses...); err != nil {
		return nil, t.withOriginalPaths(err)
	}
	return t, nil
}

// base is the directory of the template itself. Files that the template refers to
// may be beside it.
func (t *importedTemplate) base() string { return path.Join(t.dir, t.r.TemplateDir) }

// originalPath returns the path that a copied file was read from.
func (t *importedTemplate) originalPath(name string) string {
	root := t.r.TemplatePath
	if t.r.TemplateFile != "" {
		root = path.Join(root, strings.Repeat("../", strings.Count(t.r.TemplateFile, "/")+1))
	}
	for dir := path.Clean(t.r.TemplateDir); dir != "."; dir = path.Dir(dir) {
		root = path.Join(root, "..")
	}
	return path.Join(root, strings.TrimPrefix(name, t.dir))
}

// withOriginalPaths returns an error that names files as the user knows them: by the
// paths they were read from.
func (t *importedTemplate) withOriginalPaths(err error) error {
	words := []string{t.dir + "/", t.originalPath(t.dir) + "/", " in the env repo", ""}
	if t.r.TemplateFile == "" {
		words = append([]string{t.base(), path.Clean(t.r.TemplatePath)}, words...)
	}
	return change.RewriteError(err, strings.NewReplacer(words...))
}

// makeBase reduces the copy to a kustomize base: without Secrets, and without files
// that no build reads.
func (t *importedTemplate) makeBase() error {
	if t.contains(kustomizationIn) {
		return t.reduceBase()
	}
	if err := t.rejectOtherFormats(); err != nil {
		return err
	}
	t.dropCharts()
	t.dropOtherFiles()
	if err := t.dropSecrets(); err != nil {
		return err
	}
	if len(t.files) == 0 {
		return t.emptyError()
	}
	var names []string
	for _, file := range t.files {
		names = append(names, strings.TrimPrefix(file.Path, t.base()+"/"))
	}
	list, err := adopt.Kustomization(t.base(), names)
	t.files = append(t.files, list)
	return err
}

// reduceBase reduces a template that is a kustomize base already.
func (t *importedTemplate) reduceBase() error {
	t.files = adopt.ReachableFiles(t.files, t.base())
	if err := t.dropSecrets(); err != nil {
		return err
	}
	if t.files = adopt.ReachableFiles(t.files, t.base()); len(t.files) == 0 {
		return t.emptyError()
	}
	return nil
}

// contains reports whether the template has a file that matches, by its path
// relative to the base.
func (t *importedTemplate) contains(matches func(name string) bool) bool {
	return slices.ContainsFunc(t.files, func(f staging.File) bool {
		name, ok := strings.CutPrefix(f.Path, t.base()+"/")
		return ok && matches(name)
	})
}

func kustomizationIn(name string) bool {
	return path.Dir(name) == "." && adopt.IsKustomization(name)
}

// rejectOtherFormats rejects a directory whose kustomizations are further down. The hint
// names the argument for init instead.
func (t *importedTemplate) rejectOtherFormats() error {
	var dirs []string
	for _, file := range t.files {
		if adopt.IsBase(file) {
			dirs = append(dirs, t.originalPath(path.Dir(file.Path)))
		}
	}
	if len(dirs) > 0 {
		return staging.Errorf(staging.CodeInvalid, "%s has no kustomization.yaml, but directories in it have", t.r.TemplatePath).
			WithTechnicalHint("name the directory of the base for stagings: --template %s", strings.Join(dirs, ", or "))
	}
	return nil
}

// dropCharts removes the Helm charts in directories below the template, and notes each.
func (t *importedTemplate) dropCharts() {
	var charts []string
	for _, file := range t.files {
		if path.Base(file.Path) == "Chart.yaml" {
			charts = append(charts, path.Dir(file.Path)+"/")
			t.note("%s is a Helm chart beside the manifests: left out; to use the chart instead, name its directory", t.originalPath(path.Dir(file.Path)))
		}
	}
	t.files = slices.DeleteFunc(t.files, func(f staging.File) bool {
		return slices.ContainsFunc(charts, func(dir string) bool { return strings.HasPrefix(f.Path, dir) })
	})
}

// dropOtherFiles reduces a plain directory to its manifests.
func (t *importedTemplate) dropOtherFiles() {
	t.files = slices.DeleteFunc(t.files, func(f staging.File) bool {
		other := !adopt.ContainsObjects(f)
		if ext := path.Ext(f.Path); other && (ext == ".yaml" || ext == ".yml") {
			t.note("%s holds no Kubernetes objects: left out", t.originalPath(f.Path))
		}
		return other
	})
}

// dropSecrets removes plain Secrets and notes each.
func (t *importedTemplate) dropSecrets() error {
	kept, dropped, err := adopt.WithoutSecrets(t.files)
	t.files = kept
	for _, secret := range dropped {
		t.secrets = append(t.secrets, secret.Name)
		t.note("%s: Secret %s is left out, because git would keep its values forever", t.originalPath(secret.File), secret.Name)
	}
	return err
}

func (t *importedTemplate) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// emptyError is the error for a template without files that make a staging.
func (t *importedTemplate) emptyError() error {
	if len(t.notes) > 0 {
		return staging.Errorf(staging.CodeInvalid, "%s holds no objects for a staging", t.r.TemplatePath).
			WithHint("%s", strings.Join(t.notes, "; "))
	}
	return staging.Errorf(staging.CodeInvalid, "%s holds neither a kustomization.yaml nor YAML manifests", t.r.TemplatePath).
		WithHint("name a directory that `kubectl apply -k` or `kubectl apply -f` accepts")
}
