// Package docs checks the English of everything that people read: comments,
// messages of the program, pages and documents.
package docs

import (
	"cmp"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// clean lists the paths that must be free of findings: a file, a directory
// ("generator/auth") or a directory with everything below it ("docs/...").
// See the findings of a path that is not in the list yet:
//
//	go test ./docs -v | grep -A1 ' generator/auth/'
var clean = []string{
	"CHANGELOG.md",
	"CONTRIBUTING.md",
	"Dockerfile",
	"Makefile",
	"README.md",
	"SECURITY.md",
	"action.yml",
	"argocd",
	"cmd/octopod",
	"docs/access.md",
	"docs/architecture.md",
	"docs/benchmarks.md",
	"docs/ci.md",
	"docs/cost.md",
	"docs/databases.md",
	"docs/cli.md",
	"docs/files.md",
	"docs/hosts.md",
	"docs/settings.md",
	"docs/language_test.go",
	"docs/migrate.md",
	"docs/notify.md",
	"docs/pages.md",
	"docs/passages_test.go",
	"docs/paths_test.go",
	"docs/security.md",
	"docs/security_test.go",
	"docs/server.md",
	"docs/templates.md",
	"docs/testers.md",
	"docs/webhooks.md",
	"docs/wording_test.go",
	"examples/...",
	"generator",
	"generator/auth/...",
	"generator/argocd/...",
	"generator/billing",
	"generator/bounded/...",
	"generator/branch/...",
	"generator/catalog",
	"generator/change/...",
	"generator/check/...",
	"generator/cost",
	"generator/database",
	"generator/doctor",
	"generator/envrepo/...",
	"generator/forge",
	"generator/gitstore/...",
	"generator/giturl/...",
	"generator/httpapi",
	"generator/lifecycle",
	"generator/kubernetes",
	"generator/live",
	"generator/postgres",
	"generator/receiver",
	"generator/registry/...",
	"generator/render/...",
	"generator/rights",
	"generator/server",
	"generator/notify/...",
	"generator/octopod1/...",
	"generator/project/...",
	"generator/setup/...",
	"generator/status",
	"generator/testenv/...",
	"generator/web/...",
	"generator/staging/...",
	"generator/web/ui/assets/README.md",
	"jsonnet",
	"octopod.yaml",
	"templates/...",
}

// allowed lists the findings that are right as they are, each with its reason.
var allowed = []exception{
	{"generator/staging/reason_words.go", "anew", statusReason},
	{"generator/staging/reason_words.go", "just now", statusReason},
	{"generator/staging/reason_words.go", "be asked", statusReason},
	{"generator/doctor/diagnose.go", "is told", "the name of a check in the JSON of `octopod doctor`, which programs match"},
	{"cmd/octopod/root.go", "octopod gives", "the description of the product, not the godoc of a function"},
}

const statusReason = "programs read status.reason, so its sentences do not change"

type exception struct{ file, phrase, reason string }

// finding is a phrase that the style guide rejects, in its sentence.
type finding struct {
	file     string
	line     int
	phrase   string
	sentence string
	advice   string
}

func TestLanguage(t *testing.T) {
	found := findAll(t)
	for _, area := range slices.Sorted(maps.Keys(found)) {
		t.Run(area, func(t *testing.T) {
			slices.SortStableFunc(found[area], byPlace)
			for _, f := range found[area] {
				report := t.Logf
				if isClean(f.file) {
					report = t.Errorf
				}
				report("%s:%d: %q: %s\n\t%s", f.file, f.line, f.phrase, f.advice, f.sentence)
			}
			t.Logf("%4d findings in %s", len(found[area]), area)
		})
	}
}

// TestAllowedFindingsExist keeps the list of exceptions short.
func TestAllowedFindingsExist(t *testing.T) {
	for _, e := range allowed {
		passages, err := read("../" + e.file)
		if err != nil {
			t.Fatal(err)
		}
		if e.reason == "" || !slices.ContainsFunc(check(e.file, passages), e.covers) {
			t.Errorf("%s: the exception for %q has no reason or no finding any more", e.file, e.phrase)
		}
	}
}

// findAll returns the findings of the whole repository by directory.
func findAll(t *testing.T) map[string][]finding {
	t.Helper()
	found := map[string][]finding{}
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		name := filepath.ToSlash(strings.TrimPrefix(file, "../"))
		if err != nil || entry.IsDir() {
			if err == nil && skipped(entry.Name()) {
				return fs.SkipDir
			}
			return err
		}
		passages, err := read(file)
		for _, f := range check(name, passages) {
			if !slices.ContainsFunc(allowed, func(e exception) bool { return e.covers(f) }) {
				found[path.Dir(name)] = append(found[path.Dir(name)], f)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// skipped reports whether a directory holds nothing that people wrote.
func skipped(name string) bool {
	return name == "testdata" || name == "bin" || strings.HasPrefix(name, ".") && name != ".."
}

func byPlace(a, b finding) int {
	return cmp.Or(strings.Compare(a.file, b.file), a.line-b.line, strings.Compare(a.phrase, b.phrase))
}

func (e exception) covers(f finding) bool { return e.file == f.file && e.phrase == f.phrase }

func isClean(file string) bool {
	return slices.ContainsFunc(clean, func(entry string) bool {
		if dir, ok := strings.CutSuffix(entry, "..."); ok {
			return strings.HasPrefix(file, dir)
		}
		return entry == file || entry == path.Dir(file)
	})
}
