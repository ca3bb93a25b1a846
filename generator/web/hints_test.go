package web_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// technical matches a hint that is of no use on a page: it names a command, an option
// or a file.
var technical = regexp.MustCompile("`octopod |--[a-z]|octopod\\.yaml|naming\\.|OCTOPOD_|spec\\.")

// A page shows every hint that is not technical, so a hint that names commands or
// files says so.
func TestTechnicalHintsSaySo(t *testing.T) {
	err := filepath.WalkDir("..", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".go" || strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(source, func(n ast.Node) bool {
			if hint := plainHint(n); technical.MatchString(hint) {
				t.Errorf("%s: WithTechnicalHint fits this hint: %s", file, hint)
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// plainHint returns the words of a hint that is not marked as technical, "" for any
// other node.
func plainHint(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "WithHint" {
			return words(n.Args...)
		}
		if f, ok := n.Fun.(*ast.Ident); ok && f.Name == "failf" && len(n.Args) > 2 { // of gitstore
			return words(n.Args[2])
		}
	case *ast.CompositeLit:
		fields := map[string]ast.Expr{}
		for _, element := range n.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				if key, ok := pair.Key.(*ast.Ident); ok {
					fields[key.Name] = pair.Value
				}
			}
		}
		if hint := fields["Hint"]; hint != nil && fields["Technical"] == nil {
			return words(hint)
		}
	}
	return ""
}

// words returns the text of expressions, as far as it stands there.
func words(of ...ast.Expr) string {
	var text strings.Builder
	for _, e := range of {
		ast.Inspect(e, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				text.WriteString(n.Value)
			case *ast.Ident:
				if n.Name == "File" { // project.File
					text.WriteString("octopod.yaml")
				}
			}
			return true
		})
	}
	return text.String()
}
