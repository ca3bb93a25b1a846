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

// brought is somebody's template on its way into the env repo.
type brought struct {
	r     InitRequest
	dir   string // it is copied to, from the root of the env repo
	files []staging.File
	notes []string
	err   error // of reading it
}

func bring(r InitRequest, dir string) *brought {
	b := &brought{r: r, dir: dir}
	b.files, b.err = copyTemplate(r.Template, dir, r.TemplateUses...)
	return b
}

// base is where the template itself lies; beside it may lie what it refers to.
func (b *brought) base() string { return path.Join(b.dir, b.r.TemplateDir) }

// shown is a copied path as it reads where it came from.
func (b *brought) shown(name string) string {
	root := b.r.TemplatePath
	if b.r.TemplateFile != "" {
		root = path.Dir(root)
	}
	for dir := path.Clean(b.r.TemplateDir); dir != "."; dir = path.Dir(dir) {
		root = path.Join(root, "..")
	}
	return path.Join(root, strings.TrimPrefix(name, b.dir))
}

// inWords names files as the reader knows them: where they came from.
func (b *brought) inWords(err error) error {
	words := []string{b.dir + "/", b.shown(b.dir) + "/", " in the env repo", ""}
	if b.r.TemplateFile == "" {
		words = append([]string{b.base(), path.Clean(b.r.TemplatePath)}, words...)
	}
	return change.RewriteError(err, strings.NewReplacer(words...))
}

// kustomization reduces what was brought to a kustomize base without Secrets
// and without files that no build reads.
func (b *brought) kustomization() error {
	if b.err != nil {
		return b.err
	}
	if b.has(kustomizationIn) {
		b.files = adopt.ReachableFiles(b.files, b.base())
		if err := b.leaveSecrets(); err != nil {
			return err
		}
		if b.files = adopt.ReachableFiles(b.files, b.base()); len(b.files) == 0 {
			return b.nothingLeft()
		}
		return nil
	}
	if err := b.refuseOtherForms(); err != nil {
		return err
	}
	b.keepObjects()
	if err := b.leaveSecrets(); err != nil {
		return err
	}
	if len(b.files) == 0 {
		return b.nothingLeft()
	}
	var names []string
	for _, file := range b.files {
		names = append(names, strings.TrimPrefix(file.Path, b.base()+"/"))
	}
	list, err := adopt.Kustomization(b.base(), names)
	b.files = append(b.files, list)
	return err
}

// has tells whether a file with some place below the base is there.
func (b *brought) has(is func(below string) bool) bool {
	return slices.ContainsFunc(b.files, func(f staging.File) bool {
		below, ok := strings.CutPrefix(f.Path, b.base()+"/")
		return ok && is(below)
	})
}

func kustomizationIn(below string) bool {
	return path.Dir(below) == "." && adopt.IsKustomization(below)
}

// refuseOtherForms says what to do with a directory that other tools read.
func (b *brought) refuseOtherForms() error {
	if b.has(func(below string) bool { return path.Base(below) == "Chart.yaml" }) {
		return staging.Errorf(staging.CodeInvalid, "%s holds a Helm chart, which Octopod does not run", b.r.TemplatePath).
			WithHint("render it once and bring that: mkdir plain && helm template %s %s > plain/all.yaml, then --template plain", b.r.Name, b.r.TemplatePath)
	}
	var dirs []string
	for _, file := range b.files {
		if adopt.IsBase(file) {
			dirs = append(dirs, b.shown(path.Dir(file.Path)))
		}
	}
	if len(dirs) > 0 {
		return staging.Errorf(staging.CodeInvalid, "%s has no kustomization.yaml, but directories in it have", b.r.TemplatePath).
			WithHint("give the one that stagings should be made from: --template %s", strings.Join(dirs, ", or "))
	}
	return nil
}

// keepObjects reduces a plain folder to its manifests.
func (b *brought) keepObjects() {
	b.files = slices.DeleteFunc(b.files, func(f staging.File) bool {
		other := !adopt.ContainsObjects(f)
		if ext := path.Ext(f.Path); other && (ext == ".yaml" || ext == ".yml") {
			b.note("%s holds no Kubernetes objects: left out", b.shown(f.Path))
		}
		return other
	})
}

// leaveSecrets takes plain Secrets out, and says so.
func (b *brought) leaveSecrets() error {
	kept, left, err := adopt.WithoutSecrets(b.files)
	b.files = kept
	for _, secret := range left {
		b.note("%s: Secret %s is left out, because git would keep its values for ever", b.shown(secret.File), secret.Name)
	}
	return err
}

func (b *brought) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
}

func (b *brought) nothingLeft() error {
	if len(b.notes) > 0 {
		return staging.Errorf(staging.CodeInvalid, "%s holds nothing that a staging could be made from", b.r.TemplatePath).
			WithHint("%s", strings.Join(b.notes, "; "))
	}
	return staging.Errorf(staging.CodeInvalid, "%s holds neither a kustomization.yaml nor YAML manifests", b.r.TemplatePath).
		WithHint("give the directory that `kubectl apply -k` or `kubectl apply -f` would take")
}
