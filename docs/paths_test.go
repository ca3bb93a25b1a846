package docs

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// inDocument matches a path of this repository in code quotes, and a function that is
// named after it.
var inDocument = regexp.MustCompile("`((?:cmd|generator|examples|docs)/[A-Za-z0-9_./-]+)`|`([A-Za-z]+)`")

// TestPathsExist keeps the maps of the house true: every path in CONTRIBUTING.md and
// docs/architecture.md exists, and the walks name functions of the file before them.
func TestPathsExist(t *testing.T) {
	for _, document := range []string{"../CONTRIBUTING.md", "architecture.md"} {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for line := range strings.Lines(string(text)) {
			found += checkPaths(t, document, line)
		}
		if found < 5 {
			t.Errorf("%s names only %d paths", document, found)
		}
	}
}

// checkPaths checks the paths of one line, and in a walk its functions.
func checkPaths(t *testing.T, document, line string) (found int) {
	t.Helper()
	file := ""
	for _, m := range inDocument.FindAllStringSubmatch(line, -1) {
		if m[1] == "" {
			if isWalk := strings.HasPrefix(line, "- ") && file != ""; isWalk && !declares(t, file, m[2]) {
				t.Errorf("%s: %s has no function %s", document, file, m[2])
			}
			continue
		}
		found++
		file = ""
		if _, err := os.Stat("../" + m[1]); err != nil && !strings.Contains(m[1], "*") {
			t.Errorf("%s: %v", document, err)
		} else if path.Ext(m[1]) == ".go" {
			file = "../" + m[1]
		}
	}
	return found
}

// declares reports whether a Go file declares a function or method.
func declares(t *testing.T, file, name string) bool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^func (\([^)]*\) )?` + name + `\(`).Match(text)
}
