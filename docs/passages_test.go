package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// passage is a piece of text for people. Its line breaks are those of the file.
type passage struct {
	line int
	text string
}

// blanks are the parts of a file that are not English, by its extension.
var blanks = map[string]*regexp.Regexp{
	".md":   regexp.MustCompile("`[^`\n]+`|\\]\\([^)]*\\)"),
	".html": regexp.MustCompile(`\{\{[^/][^}]*\}\}|<[a-zA-Z/][^>]*>`),
}

// read returns the text for people in a file: comments, messages, prose.
func read(file string) ([]passage, error) {
	ext := path.Ext(file)
	if name := path.Base(file); ext == "" || strings.HasSuffix(name, ".min.js") {
		ext = name
	}
	switch ext {
	case ".go":
		return readGo(file)
	case ".md", ".html", ".yaml", ".yml", ".jsonnet", ".libsonnet", ".js", ".css", "Makefile", "Dockerfile", "Jenkinsfile":
		data, err := os.ReadFile(file)
		return []passage{{1, blank(string(data), blanks[ext])}}, err
	}
	return nil, nil
}

// readGo returns the comments of a Go file and, outside tests, its messages.
func readGo(file string) ([]passage, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var passages []passage
	for _, group := range parsed.Comments {
		text := string(source[files.Position(group.Pos()).Offset:files.Position(group.End()).Offset])
		passages = append(passages, passage{files.Position(group.Pos()).Line, blank(text, commentMarks)})
	}
	if strings.HasSuffix(file, "_test.go") {
		return passages, nil
	}
	passages = append(passages, messages(files, parsed)...)
	return append(passages, godoc(files, parsed)...), nil
}

var commentMarks = regexp.MustCompile(`(?m)^\s*//[a-z]+:.*$|^\s*//|^\s*/\*|\*/$`)

// messages returns the string literals of three words and more.
func messages(files *token.FileSet, parsed *ast.File) (found []passage) {
	ast.Inspect(parsed, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		if err == nil && len(strings.Fields(text)) >= 3 {
			found = append(found, passage{files.Position(literal.Pos()).Line, text})
		}
		return true
	})
	return found
}

// blank replaces what the pattern matches by spaces, so that lines stay.
func blank(text string, pattern *regexp.Regexp) string {
	if pattern == nil {
		return text
	}
	return pattern.ReplaceAllStringFunc(text, func(match string) string {
		return regexp.MustCompile(`[^\n]`).ReplaceAllString(match, " ")
	})
}

// godoc returns a passage with the mark badGodoc for each exported declaration
// whose comment does not begin with its name.
func godoc(files *token.FileSet, parsed *ast.File) (found []passage) {
	report := func(name *ast.Ident, doc *ast.CommentGroup) {
		if doc != nil && name.IsExported() && !beginsWith(doc.Text(), name.Name) {
			first, _, _ := strings.Cut(doc.Text(), "\n")
			found = append(found, passage{files.Position(doc.Pos()).Line, badGodoc + name.Name + ": " + first})
		}
	}
	for _, d := range parsed.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			report(d.Name, d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if typ, ok := spec.(*ast.TypeSpec); ok {
					report(typ.Name, doc(d, typ))
				}
			}
		}
	}
	return found
}

// doc returns the comment of a type, which Go attaches to the declaration
// unless it is one of a group.
func doc(d *ast.GenDecl, typ *ast.TypeSpec) *ast.CommentGroup {
	if d.Lparen.IsValid() {
		return typ.Doc
	}
	return d.Doc
}

func beginsWith(text, name string) bool {
	for _, article := range []string{"", "A ", "An ", "The "} {
		rest, ok := strings.CutPrefix(text, article+name)
		if ok && (rest == "" || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz", rune(rest[0]))) {
			return true
		}
	}
	return strings.HasPrefix(text, "Deprecated:")
}
