package helm

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"

	"helm.sh/helm/v3/pkg/chart"
)

// impure lists the functions whose result differs each time, or with the clock; unsorted
// those that return the keys of a map in any order.
var (
	impure = []string{
		"ago", "bcrypt", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
		"genSignedCert", "genSignedCertWithKey", "htpasswd", "now", "randAlpha", "randAlphaNum", "randAscii", "randBytes",
		"randInt", "randNumeric", "shuffle", "uuidv4",
	}
	unsorted = []string{"keys", "values"}
)

// source is the call of an impure function.
type source struct {
	function string
	file     string // as Helm names it
	line     int
	from     int      // line of the include in the rendered file
	near     []string // paths of values, and texts that may be such paths, in the calls on the way
}

// call is a call of an impure function, or of another template.
type call struct {
	name string
	line int
	near []string
}

// callGraph holds the calls of each template.
type callGraph struct {
	files    map[string]string // that define a template, by its name
	impure   map[string][]call
	includes map[string][]call
}

// findSource returns the first of the files that reaches an impure function, and the
// function. A file may differ only because it holds a checksum of another one, so functions
// that always differ come before those that sometimes do.
func findSource(c *chart.Chart, files []string) (string, source, bool) {
	g := callGraph{map[string]string{}, map[string][]call{}, map[string][]call{}}
	g.addChart(c)
	for _, functions := range [][]string{impure, unsorted} {
		for _, file := range files {
			if s, ok := g.find(file, functions, map[string]bool{}); ok {
				return file, s, true
			}
		}
	}
	return files[0], source{}, false
}

func (g callGraph) addChart(c *chart.Chart) {
	for _, t := range c.Templates {
		file := path.Join(c.ChartFullPath(), t.Name)
		for name, tree := range parseTemplate(file, t.Data) {
			g.files[name] = file
			g.add(name, tree, string(t.Data))
		}
	}
	for _, sub := range c.Dependencies() {
		g.addChart(sub)
	}
}

// add records the calls in one template.
func (g callGraph) add(name string, tree *parse.Tree, text string) {
	lineOf := func(n parse.Node) int { return 1 + strings.Count(text[:int(n.Position())], "\n") }
	walk(tree.Root, nil, func(n parse.Node, above []parse.Node) {
		switch n := n.(type) {
		case *parse.IdentifierNode:
			if slices.Contains(impure, n.Ident) || slices.Contains(unsorted, n.Ident) {
				g.impure[name] = append(g.impure[name], call{n.Ident, lineOf(n), nearby(above)})
			}
		case *parse.TemplateNode:
			g.includes[name] = append(g.includes[name], call{n.Name, lineOf(n), nearby(append(above, n))})
		case *parse.CommandNode:
			if included, ok := includedName(n); ok {
				g.includes[name] = append(g.includes[name], call{included, lineOf(n), nearby(above)})
			}
		}
	})
}

// includedName returns the name in {{ include "name" . }}.
func includedName(n *parse.CommandNode) (string, bool) {
	if len(n.Args) < 2 {
		return "", false
	}
	function, ok := n.Args[0].(*parse.IdentifierNode)
	name, isText := n.Args[1].(*parse.StringNode)
	if !ok || !isText || function.Ident != "include" {
		return "", false
	}
	return name.Text, true
}

// find searches a template for one of the functions, and then the templates that it includes.
func (g callGraph) find(name string, functions []string, seen map[string]bool) (source, bool) {
	if seen[name] {
		return source{}, false
	}
	seen[name] = true
	for _, c := range g.impure[name] {
		if slices.Contains(functions, c.name) {
			return source{function: c.name, file: g.files[name], line: c.line, near: c.near}, true
		}
	}
	for _, c := range g.includes[name] {
		if s, ok := g.find(c.name, functions, seen); ok {
			s.from, s.near = c.line, append(slices.Clone(c.near), s.near...)
			return s, true
		}
	}
	return source{}, false
}

// valuePath matches a text that may be a path in values.
var valuePath = regexp.MustCompile(`^[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)*$`)

// candidates returns the paths that the user can set, because they hold a text or nothing:
// those of near, and those for existing Secrets. They are relative to the values of the
// template's chart, which begin with prefix.
func (s source) candidates(p prepared, prefix string) []string {
	values, err := p.top.Table("Values")
	if err != nil {
		return nil
	}
	below, _ := valueAt(values, strings.TrimSuffix(prefix, "."))
	if prefix == "" {
		below = map[string]any(values)
	}
	var paths []string
	for _, path := range append(existingSecrets(below, ""), s.near...) {
		if !valuePath.MatchString(path) || slices.Contains(paths, path) {
			continue
		}
		found, err := valueAt(values, prefix+path)
		_, isText := found.(string)
		if err == nil && (found == nil || isText) {
			paths = append(paths, path)
		}
	}
	return paths
}

// existingSecrets returns the paths of values that name an existing Secret, the shortest first.
func existingSecrets(value any, at string) []string {
	fields, _ := value.(map[string]any)
	var paths []string
	for _, key := range sortedKeys(fields) {
		if name := strings.ToLower(key); strings.Contains(name, "existing") && strings.Contains(name, "secret") {
			paths = append(paths, at+key)
		}
		if strings.Count(at, ".") < 2 {
			paths = append(paths, existingSecrets(fields[key], at+key+".")...)
		}
	}
	slices.SortStableFunc(paths, func(a, b string) int { return cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")) })
	return paths
}

// nearby returns the values and texts in the action and the conditions around a node.
func nearby(above []parse.Node) []string {
	var near []string
	add := func(n parse.Node) {
		walk(n, nil, func(n parse.Node, _ []parse.Node) {
			switch n := n.(type) {
			case *parse.FieldNode:
				near = append(near, belowValues(n.Ident)...)
			case *parse.VariableNode:
				near = append(near, belowValues(n.Ident)...)
			case *parse.ChainNode:
				near = append(near, belowValues(n.Field)...)
			case *parse.StringNode:
				near = append(near, n.Text)
			}
		})
	}
	for _, n := range above {
		switch n := n.(type) {
		case *parse.IfNode:
			add(n.Pipe)
		case *parse.WithNode:
			add(n.Pipe)
		case *parse.RangeNode:
			add(n.Pipe)
		case *parse.ActionNode:
			add(n.Pipe)
		case *parse.TemplateNode:
			if n.Pipe != nil {
				add(n.Pipe)
			}
		}
	}
	return near
}

// belowValues returns the path below .Values in a chain of fields.
func belowValues(fields []string) []string {
	at := slices.Index(fields, "Values")
	if at < 0 || at == len(fields)-1 {
		return nil
	}
	return []string{strings.Join(fields[at+1:], ".")}
}

// walk visits a node and all nodes below it, with the nodes above each.
func walk(n parse.Node, above []parse.Node, visit func(n parse.Node, above []parse.Node)) {
	if isNil(n) {
		return
	}
	visit(n, above)
	above = append(slices.Clone(above), n)
	for _, child := range children(n) {
		walk(child, above, visit)
	}
}

// children returns the nodes directly below a node.
func children(n parse.Node) []parse.Node {
	switch n := n.(type) {
	case *parse.ListNode:
		return n.Nodes
	case *parse.ActionNode:
		return []parse.Node{n.Pipe}
	case *parse.IfNode:
		return []parse.Node{n.Pipe, n.List, n.ElseList}
	case *parse.WithNode:
		return []parse.Node{n.Pipe, n.List, n.ElseList}
	case *parse.RangeNode:
		return []parse.Node{n.Pipe, n.List, n.ElseList}
	case *parse.TemplateNode:
		return []parse.Node{n.Pipe}
	case *parse.ChainNode:
		return []parse.Node{n.Node}
	case *parse.CommandNode:
		return n.Args
	case *parse.PipeNode:
		nodes := make([]parse.Node, len(n.Cmds))
		for i, c := range n.Cmds {
			nodes[i] = c
		}
		return nodes
	}
	return nil
}

// isNil reports whether a node is missing: an action without an else, for example.
func isNil(n parse.Node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case *parse.ListNode:
		return n == nil
	case *parse.PipeNode:
		return n == nil
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
