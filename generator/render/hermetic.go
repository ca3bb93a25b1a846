// Templates may use deprecated fields of kustomize, so this file checks them too.
//
//lint:file-ignore SA1019 see above

package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"

	"octopod/generator/staging"
)

// This file checks all references of a kustomization before kustomize runs, which would
// clone, download or execute them.

// reference is an entry of a kustomization that names a file, directory or plugin.
type reference struct {
	field  string
	target string
	kind   referenceKind
}

type referenceKind int

const (
	toFile      referenceKind = iota
	toDirectory               // with a kustomization
	toEither
	toPlugin // a file or inline text that configures a generator, transformer or validator
	toPatch  // a file or inline text
)

// lint rejects a kustomization that is not hermetic, or has a base that is not.
func lint(v *view, dir string) error {
	return (&linter{view: v, seen: map[string]bool{}}).checkDirectory(dir)
}

type linter struct {
	view *view
	seen map[string]bool
}

// checkDirectory checks a kustomization; a shared one only once per revision.
func (l *linter) checkDirectory(dir string) error {
	if l.seen[dir] {
		return nil // kustomize reports a cycle
	}
	l.seen[dir] = true
	if dir == l.view.dir {
		return l.checkKustomization(dir)
	}
	base := l.view.base
	base.mu.Lock()
	err, known := base.linted[dir]
	base.mu.Unlock()
	if known {
		return err
	}
	err = l.checkKustomization(dir)
	base.mu.Lock()
	base.linted[dir] = err
	base.mu.Unlock()
	return err
}

func (l *linter) checkKustomization(dir string) error {
	file, data, err := readKustomization(l.view, dir)
	if err != nil {
		return err
	}
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return invalidFile(file, err)
	}
	f := kustomization{linter: l, file: file, dir: dir, data: data}
	if err := f.checkFeatures(&k); err != nil {
		return err
	}
	for _, r := range references(&k) {
		if err := f.checkReference(r); err != nil {
			return err
		}
	}
	return nil
}

func readKustomization(v *view, dir string) (string, []byte, error) {
	for _, name := range konfig.RecognizedKustomizationFileNames() {
		file := path.Join(dir, name)
		data, err := v.read(file)
		if err == nil {
			return file, data, v.checkAliases(file, data)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", nil, err
		}
	}
	return "", nil, staging.Errorf(staging.CodeInvalid, "%s has no kustomization.yaml", dir).
		WithHint("a base or component needs a kustomization.yaml that lists its files")
}

// references lists the references of a kustomization, in the order of kustomize's fields.
func references(k *types.Kustomization) []reference {
	var list []reference
	add := func(field string, kind referenceKind, targets ...string) {
		for _, t := range targets {
			if t != "" {
				list = append(list, reference{field, t, kind})
			}
		}
	}
	add("resources", toEither, k.Resources...)
	add("bases", toDirectory, k.Bases...)
	add("components", toDirectory, k.Components...)
	add("crds", toFile, k.Crds...)
	add("configurations", toFile, k.Configurations...)
	add("generators", toPlugin, k.Generators...)
	add("transformers", toPlugin, k.Transformers...)
	add("validators", toPlugin, k.Validators...)
	for _, p := range k.PatchesStrategicMerge {
		add("patchesStrategicMerge", toPatch, string(p))
	}
	for _, p := range append(k.Patches, k.PatchesJson6902...) {
		add("patches", toFile, p.Path)
	}
	for _, r := range k.Replacements {
		add("replacements", toFile, r.Path)
	}
	for _, g := range k.ConfigMapGenerator {
		add("configMapGenerator", toFile, generatorFiles(g.KvPairSources)...)
	}
	for _, g := range k.SecretGenerator {
		add("secretGenerator", toFile, generatorFiles(g.KvPairSources)...)
	}
	return list
}

func generatorFiles(p types.KvPairSources) []string {
	files := append([]string{p.EnvSource}, p.EnvSources...)
	for _, source := range p.FileSources {
		if _, file, ok := strings.Cut(source, "="); ok {
			source = file
		}
		files = append(files, source)
	}
	return files
}

// kustomization is a kustomization file during the check.
type kustomization struct {
	*linter
	file, dir string
	data      []byte
}

// checkFeatures rejects features that access anything outside of the tree or this build.
func (k kustomization) checkFeatures(fields *types.Kustomization) error {
	switch {
	case len(fields.HelmCharts) > 0 || fields.HelmGlobals != nil || len(fields.HelmChartInflationGenerator) > 0:
		return k.reject("helmCharts", "", "kustomize would run helm, which is not hermetic",
			"run `helm template` once and keep its output as a resource")
	case len(fields.OpenAPI) > 0:
		return k.reject("openapi", "", "a schema of one build would affect all others",
			"use JSON 6902 patches: they need no schema")
	}
	for _, option := range fields.BuildMetadata {
		if strings.EqualFold(option, types.ManagedByLabelOption) {
			return k.reject("buildMetadata", option, "writes the version of the tool into every object",
				"set a custom label under labels")
		}
	}
	return nil
}

func (k kustomization) checkReference(r reference) error {
	if isRemote(r.target) {
		return k.reject(r.field, r.target, "is remote: a template may use only files of the env repo",
			"copy the directory into the env repo and refer to the copy")
	}
	if inline := r.kind == toPlugin || r.kind == toPatch; inline && isMapping(r.target) {
		if r.kind == toPatch {
			return nil
		}
		return k.checkPlugin(r, k.file, []byte(r.target))
	}
	target := path.Join(k.dir, r.target)
	if path.IsAbs(r.target) || outsideTree(target) {
		return k.reject(r.field, r.target, "is outside the env repo",
			"copy it into the env repo and write its path relative to this file")
	}
	real, n, err := k.view.resolve(target)
	if errors.Is(err, fs.ErrNotExist) {
		return k.reject(r.field, r.target, fmt.Sprintf("does not exist: there is no %s in the env repo", target),
			"check the spelling; the path is relative to this file")
	}
	if err != nil {
		return err
	}
	return k.checkTarget(r, real, n)
}

func (k kustomization) checkTarget(r reference, target string, n node) error {
	switch {
	case r.kind == toPlugin && n.mode.IsDir():
		return k.linter.checkPluginDirectory(r, target)
	case r.kind == toPlugin:
		data, err := k.view.read(target)
		if err != nil {
			return err
		}
		return k.checkPlugin(r, target, data)
	case r.kind == toDirectory && !n.mode.IsDir():
		return k.reject(r.field, r.target, "is not a directory", "name the directory of a kustomization")
	case n.mode.IsDir() && (r.kind == toDirectory || r.kind == toEither):
		return k.linter.checkDirectory(target)
	}
	return nil
}

// checkPluginDirectory checks a kustomization whose resources configure plugins. Its own
// plugins would make configurations, so they are rejected.
func (l *linter) checkPluginDirectory(from reference, dir string) error {
	if err := l.checkDirectory(dir); err != nil {
		return err
	}
	file, data, err := readKustomization(l.view, dir)
	if err != nil {
		return err
	}
	var fields types.Kustomization
	if err := fields.Unmarshal(data); err != nil {
		return invalidFile(file, err)
	}
	k := kustomization{linter: l, file: file, dir: dir, data: data}
	for _, r := range references(&fields) {
		if r.field != "resources" {
			return k.reject(r.field, r.target, "changes the plugins that "+from.field+" names", "list the files with the built-in plugins under resources")
		}
		r.kind = toPlugin
		if err := k.checkReference(r); err != nil {
			return err
		}
	}
	return nil
}

// checkPlugin allows only built-in plugins with local files.
func (k kustomization) checkPlugin(r reference, file string, data []byte) error {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var config map[string]any
		if err := decoder.Decode(&config); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return invalidFile(file, err)
		}
		if len(config) == 0 {
			continue
		}
		if config["apiVersion"] != "builtin" || config["kind"] == "HelmChartInflationGenerator" {
			return k.reject(r.field, r.target, fmt.Sprintf("would run the plugin %v of %v", config["kind"], config["apiVersion"]),
				"only kustomize's built-in plugins (apiVersion: builtin) are allowed, and helm is not one of them")
		}
		if text, found := findRemote(config); found {
			return k.reject(r.field, text, "is remote: a template may use only files of the env repo", "copy it into the env repo")
		}
	}
}

// findRemote returns the first URL in a configuration. It skips literals of a ConfigMap,
// which may contain URLs.
func findRemote(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		_, file, _ := strings.Cut(value, "=")
		return value, isRemoteURL(value) || isRemoteURL(file)
	case []any:
		for _, item := range value {
			if text, found := findRemote(item); found {
				return text, true
			}
		}
	case map[string]any:
		for _, key := range sortedKeys(value) {
			if key == "literals" {
				continue
			}
			if text, found := findRemote(value[key]); found {
				return text, true
			}
		}
	}
	return "", false
}

func (k kustomization) reject(field, entry, why, hint string) error {
	message := why
	if entry != "" {
		message = fmt.Sprintf("%q %s", shorten(entry), why)
	}
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "the template is not usable", Hint: hint,
		Problems: []staging.Problem{{File: k.file, Line: lineOf(k.data, field, entry), Field: field, Message: message}},
	}
}

var (
	userAtHost = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)
	github     = regexp.MustCompile(`(?i)^github\.com[/:]`)
	scheme     = regexp.MustCompile(`(?i)^(git::|[a-z][a-z0-9+.-]*://)`)
)

// isRemote reports whether kustomize might fetch an entry. It is wider than kustomize's
// own test, so that it misses nothing that kustomize would fetch; an entry that it
// rejects by mistake gets a clear error.
func isRemote(entry string) bool {
	return isRemoteURL(entry) || scheme.MatchString(entry) || userAtHost.MatchString(entry) ||
		github.MatchString(entry) || strings.Contains(entry, "?ref=")
}

func isRemoteURL(entry string) bool {
	u, err := url.Parse(entry)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

func isMapping(text string) bool {
	var n yaml.Node
	return yaml.Unmarshal([]byte(text), &n) == nil && len(n.Content) == 1 && n.Content[0].Kind == yaml.MappingNode
}
