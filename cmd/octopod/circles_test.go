package main

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// maxCircle is the size of the largest circle of files that a reader still has in view.
const maxCircle = 10

// A file depends on another when it uses a name, a method or a field that is declared
// there. Files that depend on each other can only be read together.
func TestCirclesOfFilesAreSmall(t *testing.T) {
	packages := goList(t, "-export", "-json=ImportPath,Dir,GoFiles,Standard,Export")
	fset, imports := token.NewFileSet(), compiledTypes(packages)
	for _, p := range packages {
		if !ours(p) {
			continue
		}
		for _, circle := range circlesOf(fileUses(t, fset, imports, p)) {
			if len(circle) > maxCircle {
				t.Errorf("%s has a circle of %d files: %s", p.ImportPath, len(circle), strings.Join(circle, " "))
			}
		}
	}
}

// compiledTypes imports packages as `go list -export` compiled them.
func compiledTypes(packages []goPackage) types.Importer {
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(importPath string) (io.ReadCloser, error) {
		return os.Open(exports[importPath])
	})
}

// fileUses lists, for each file of a package, the other files that it depends on.
func fileUses(t *testing.T, fset *token.FileSet, imports types.Importer, p goPackage) map[string][]string {
	t.Helper()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	checker := types.Config{Importer: imports}
	checked, err := checker.Check(p.ImportPath, fset, files, info)
	if err != nil {
		t.Fatal(err)
	}
	fileOf := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	uses := map[string][]string{}
	for name, declared := range info.Uses {
		if declared.Pkg() != checked {
			continue
		}
		from, to := fileOf(name.Pos()), fileOf(declared.Pos())
		if from != to && !slices.Contains(uses[from], to) {
			uses[from] = append(uses[from], to)
		}
	}
	return uses
}

// circlesOf returns the largest sets of files in which each depends on every other,
// directly or through others.
func circlesOf(uses map[string][]string) (circles [][]string) {
	reached := map[string]map[string]bool{}
	for file := range uses {
		reached[file] = map[string]bool{}
		reach(uses, file, reached[file])
	}
	seen := map[string]bool{}
	for _, file := range slices.Sorted(maps.Keys(uses)) {
		if seen[file] || !reached[file][file] {
			continue
		}
		var circle []string
		for other := range reached[file] {
			if reached[other][file] {
				circle, seen[other] = append(circle, other), true
			}
		}
		slices.Sort(circle)
		circles = append(circles, circle)
	}
	return circles
}

// reach adds the files that a file depends on, directly or through others.
func reach(uses map[string][]string, file string, reached map[string]bool) {
	for _, next := range uses[file] {
		if !reached[next] {
			reached[next] = true
			reach(uses, next, reached)
		}
	}
}

func TestFileUses(t *testing.T) {
	p := goPackage{ImportPath: "ship", Dir: t.TempDir(), GoFiles: []string{"ship.go", "crew.go", "port.go"}}
	for name, text := range map[string]string{
		"ship.go": "package ship\n\ntype ship struct{ port }\n",
		"crew.go": "package ship\n\nfunc crew(s ship) int { return s.berth }\n",
		"port.go": "package ship\n\ntype port struct{ berth int }\n",
	} {
		if err := os.WriteFile(filepath.Join(p.Dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	uses := fileUses(t, token.NewFileSet(), compiledTypes(nil), p)
	for file, want := range map[string][]string{"ship.go": {"port.go"}, "crew.go": {"port.go", "ship.go"}, "port.go": nil} {
		if slices.Sort(uses[file]); !slices.Equal(uses[file], want) {
			t.Errorf("%s uses %v, not %v", file, uses[file], want)
		}
	}
}

func TestCirclesOf(t *testing.T) {
	uses := map[string][]string{
		"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, // a circle of three
		"d": {"e"}, "e": {"d"}, // and one of two below it
		"f": {"a", "e"},
	}
	circles := circlesOf(uses)
	if len(circles) != 2 || !slices.Equal(circles[0], []string{"a", "b", "c"}) || !slices.Equal(circles[1], []string{"d", "e"}) {
		t.Errorf("circles are %v", circles)
	}
}
