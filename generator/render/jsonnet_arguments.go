package render

import (
	"io/fs"
	"path"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
)

// RequiredArguments returns the parameters without a default, if a jsonnet file
// evaluates to a function. It parses the file and evaluates nothing, so it returns
// nil for a function that only an evaluation would find.
func RequiredArguments(tree fs.FS, file string) []string {
	for range maxLinks {
		data, err := fs.ReadFile(tree, file)
		if err != nil {
			return nil
		}
		root, err := jsonnet.SnippetToAST(file, string(data))
		if err != nil {
			return nil
		}
		switch value := valueOf(root).(type) {
		case *ast.Function:
			return withoutDefault(value.Parameters)
		case *ast.Import:
			file = path.Join(path.Dir(file), value.File.Value)
		default:
			return nil
		}
	}
	return nil
}

// valueOf returns the expression that an expression with local variables evaluates to.
func valueOf(node ast.Node) ast.Node {
	for {
		switch n := node.(type) {
		case *ast.Local:
			node = n.Body
		case *ast.Parens:
			node = n.Inner
		default:
			return node
		}
	}
}

func withoutDefault(parameters []ast.Parameter) []string {
	var names []string
	for _, p := range parameters {
		if p.DefaultArg == nil {
			names = append(names, string(p.Name))
		}
	}
	return names
}
