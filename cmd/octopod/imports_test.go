package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "octopod"

// goPackage is one package in the output of `go list -json`.
type goPackage struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Imports    []string
	Deps       []string
	Standard   bool
	Export     string // file with the compiled types
}

// listPackages returns the packages of this module and all their dependencies.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	return goList(t, "-e", "-json=ImportPath,Dir,Imports,Deps,Standard")
}

// goList returns the packages of this module and their dependencies, as `go list` prints them.
func goList(t *testing.T, flags ...string) []goPackage {
	t.Helper()
	out, err := exec.Command("go", slices.Concat([]string{"list", "-deps"}, flags, []string{module + "/..."})...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func ours(p goPackage) bool { return strings.HasPrefix(p.ImportPath, module+"/") }

// within reports whether a package is in dir of this module, or below it.
func within(importPath, dir string) bool {
	full := module + "/" + dir
	return importPath == full || strings.HasPrefix(importPath, full+"/")
}

// owners lists the only packages that may import a library.
var owners = []struct {
	library string
	dirs    []string
}{
	{"github.com/go-git/", []string{"generator/gitstore", "generator/testenv"}},
	{"github.com/argoproj/argo-cd/", []string{"generator/argocd", "generator/testenv"}},
	{"github.com/google/go-jsonnet", []string{"generator/render"}},
	{"sigs.k8s.io/kustomize/", []string{"generator/render"}},
	{"github.com/google/go-containerregistry/", []string{"generator/registry", "generator/testenv", "examples"}},
	{"helm.sh/", []string{"generator/helm"}},
	{"github.com/coreos/go-oidc/", []string{"generator/auth"}},
	{"golang.org/x/oauth2", []string{"generator/auth"}},
	{"github.com/spf13/", []string{"cmd/octopod"}},
	{"github.com/danielgtaylor/huma", []string{"generator/httpapi"}},
	{"github.com/prometheus/", []string{"generator/server"}},
	{"github.com/wneessen/go-mail", []string{"generator/notify"}},
	{"github.com/standard-webhooks/", []string{"generator/notify"}},
	{"github.com/google/go-github/", []string{"generator/notify/review"}},
	{"gitlab.com/gitlab-org/", []string{"generator/notify/review"}},
	{"code.gitea.io/", []string{"generator/notify/review"}},
	{"github.com/jackc/pgx/", []string{"generator/postgres", "generator/testenv", "examples"}},
	{"flag", []string{"cmd/octopod", "examples"}},
}

// driven lists the driven adapters: each wraps one technology for the use cases, and
// imports only nouns of this module.
var driven = []string{
	"gitstore", "envrepo", "render", "check", "argocd", "branch", "auth", "forge", "notify", "registry", "octopod1", "postgres", "kubernetes", "helm",
}

// driving lists the driving adapters, the doors: they call the use cases for people and
// programs.
var driving = []string{"httpapi", "web"}

// allowedBetween maps adapters to the one other adapter that each may import.
var allowedBetween = map[string]string{"generator/envrepo": "generator/gitstore", "generator/forge": "generator/gitstore", "generator/render": "generator/helm"}

// The import rules of docs/architecture.md.
func TestImportRules(t *testing.T) {
	packages := listPackages(t)
	standard := map[string]bool{}
	for _, p := range packages {
		standard[p.ImportPath] = p.Standard
	}
	for _, p := range packages {
		if !ours(p) {
			continue
		}
		for _, imported := range p.Imports {
			if why := forbidden(p.ImportPath, imported, standard[imported]); why != "" {
				t.Errorf("%s imports %s: %s", p.ImportPath, imported, why)
			}
		}
	}
}

// forbidden returns the rule that an import breaks, "" if there is none.
func forbidden(importer, imported string, standard bool) string {
	if !standard && (importer == module+"/generator/staging" || importer == module+"/generator/giturl") {
		return "staging and giturl import the standard library only"
	}
	for _, owner := range owners {
		if imported == owner.library || strings.HasPrefix(imported, strings.TrimSuffix(owner.library, "/")+"/") {
			if !slices.ContainsFunc(owner.dirs, func(dir string) bool { return within(importer, dir) }) {
				return "only " + strings.Join(owner.dirs, " and ") + " may"
			}
		}
	}
	if within(imported, "generator/testenv") && !within(importer, "generator/testenv") {
		return "only tests may"
	}
	return betweenAdapters(importer, imported)
}

func betweenAdapters(importer, imported string) string {
	for _, adapter := range slices.Concat(driven, driving) {
		dir := "generator/" + adapter
		if !within(importer, dir) {
			continue
		}
		if imported == module+"/generator" && slices.Contains(driven, adapter) {
			return "a driven adapter does not know the use cases"
		}
		for _, other := range slices.Concat(driven, driving) {
			if other != adapter && within(imported, "generator/"+other) && allowedBetween[dir] != "generator/"+other {
				return "adapters do not import each other"
			}
		}
	}
	return ""
}

// The nouns depend only on the standard library, also indirectly.
func TestStagingDependsOnTheStandardLibraryOnly(t *testing.T) {
	packages := listPackages(t)
	standard := map[string]bool{}
	for _, p := range packages {
		standard[p.ImportPath] = p.Standard
	}
	for _, p := range packages {
		for _, dep := range p.Deps {
			if p.ImportPath == module+"/generator/staging" && !standard[dep] {
				t.Errorf("%s depends on %s", p.ImportPath, dep)
			}
		}
	}
}

// processOnly lists the functions that only cmd/octopod may call: they end the process,
// read its environment or write to its streams.
var processOnly = map[string][]string{
	"os":  {"Exit", "Getenv", "LookupEnv", "Environ", "ExpandEnv", "Args", "Stdin", "Stdout", "Stderr"},
	"fmt": {"Print", "Printf", "Println"},
	"log": {"Print", "Printf", "Println", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln"},
}

// Only cmd/octopod exits, reads the environment and prints.
func TestOnlyTheProgramTouchesTheProcess(t *testing.T) {
	root := "../.."
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(file, root+string(filepath.Separator)))
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".." || name == "cmd" || entry.Name() == "testdata" || name == "examples"):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "generator/testenv/"):
			return nil
		}
		for _, call := range processCalls(t, file) {
			t.Errorf("%s: only cmd/octopod may use %s", name, call)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func processCalls(t *testing.T, file string) (calls []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && slices.Contains(processOnly[pkg.Name], selector.Sel.Name) {
			calls = append(calls, pkg.Name+"."+selector.Sel.Name)
		}
		return true
	})
	return calls
}

// allowedFiles lists the only files that may contain a word as a string or as a segment of a
// path, with the reason. Sentences may contain the words.
var allowedFiles = map[string]map[string]string{
	"envs":           {"generator/staging/layout.go": "the layout of the env repo"},
	"staging.yaml":   {"generator/staging/layout.go": "the layout of the env repo"},
	"manifests.yaml": {"generator/staging/layout.go": "the layout of the env repo"},
	"octopod.yaml":   {"generator/project/project.go": "the file of a project"},
	"://": {
		"generator/giturl/": "the only parser for addresses of git repositories",
		// These are addresses of the web, not of git.
		"generator/argocd/options.go":       "--argocd-server takes host and port like the argocd command, which net/url rejects",
		"generator/web/address.go":          "a search takes the address of a staging or of a pull request, also in part",
		"generator/staging/secret_forms.go": "the hint of a form of secrets, and its expression",
		"generator/project/names.go":        "a host of the ApplicationSet holds a template, which net/url escapes",
	},
}

// One file defines the layout of the env repo, and one package parses addresses.
func TestReservedWordsAreInOnePlace(t *testing.T) {
	used := map[string]bool{}
	for _, name := range productFiles(t) {
		for _, word := range reservedWords(t, "../../"+name) {
			allowed := false
			for file := range allowedFiles[word] {
				if name == file || strings.HasSuffix(file, "/") && strings.HasPrefix(name, file) {
					allowed, used[word+file] = true, true
				}
			}
			if !allowed {
				t.Errorf("%s contains %q, which only these may contain: %v", name, word, slices.Sorted(maps.Keys(allowedFiles[word])))
			}
		}
	}
	for word, files := range allowedFiles {
		for file := range files {
			if !used[word+file] {
				t.Errorf("%s does not contain %q: remove it from the list", file, word)
			}
		}
	}
}

// productFiles lists the Go files of the product, without tests and packages for tests.
func productFiles(t *testing.T) (names []string) {
	t.Helper()
	for _, dir := range []string{"cmd", "generator", "examples", "templates", "jsonnet"} {
		err := filepath.WalkDir("../../"+dir, func(file string, entry fs.DirEntry, err error) error {
			name := strings.TrimPrefix(filepath.ToSlash(file), "../../")
			switch {
			case err != nil:
				return err
			case entry.IsDir() && (entry.Name() == "testdata" || name == "generator/testenv"):
				return fs.SkipDir
			case path.Ext(name) == ".go" && !strings.HasSuffix(name, "_test.go"):
				names = append(names, name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// reservedWords lists the words of allowedFiles in the strings of a file.
func reservedWords(t *testing.T, file string) (words []string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(text, "/")
		if strings.ContainsAny(text, " \n") {
			segments = nil
		}
		for word := range allowedFiles {
			if text == word || slices.Contains(segments, word) {
				words = append(words, word)
			}
		}
		return true
	})
	return words
}

// This package has no init functions.
func TestNoInitFunctions(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function", file)
			}
		}
	}
}
