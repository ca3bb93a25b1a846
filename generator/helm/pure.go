package helm

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/template/parse"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

const (
	renderings = 2
	// renderingsUnsorted is for charts with functions that return the keys of a map in any
	// order: two renderings often have the same by chance.
	renderingsUnsorted = 8
)

// clocks are the times that the renderings see in turn.
var clocks = []string{"2001-02-03T04:05:06Z", "2033-11-12T17:18:19Z"}

// renderSame renders the chart several times, and rejects it if the objects differ.
func (r rendering) renderSame() (prepared, map[string]string, error) {
	p, err := r.prepareAt(0)
	if err != nil {
		return p, nil, err
	}
	first, err := r.renderOnce(p)
	if err != nil {
		return p, nil, err
	}
	count := renderings
	if usesFunction(p.Chart, "keys", "values") {
		count = renderingsUnsorted
	}
	for i := 1; i < count; i++ {
		files, err := r.differsAt(i, first)
		if err != nil {
			return p, nil, err
		}
		if len(files) > 0 {
			return p, nil, r.randomFault(files)
		}
	}
	return p, first, nil
}

// differsAt renders the chart again and returns the files that differ, sorted.
func (r rendering) differsAt(clock int, first map[string]string) ([]string, error) {
	p, err := r.prepareAt(clock)
	if err != nil {
		return nil, err
	}
	again, err := r.renderOnce(p)
	if err != nil {
		return nil, err
	}
	var names []string
	for name := range first {
		if first[name] != again[name] && !slices.Equal(shipped(first[name]), shipped(again[name])) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// prepareAt prepares a rendering that sees one of the clocks.
func (r rendering) prepareAt(clock int) (prepared, error) {
	p, err := r.prepare()
	if err != nil {
		return p, err
	}
	for _, t := range allTemplates(p.Chart) {
		t.Data = withClock(t.Name, t.Data, clocks[clock%len(clocks)])
	}
	return p, nil
}

// shipped returns the documents of a rendered file that become objects of a staging.
func shipped(text string) []string {
	docs := releaseutil.SplitManifests(text)
	var kept []string
	for _, key := range sortedKeys(docs) {
		var head releaseutil.SimpleHead
		if yaml.Unmarshal([]byte(docs[key]), &head) == nil && isLeftOut(head) {
			continue
		}
		kept = append(kept, docs[key])
	}
	return kept
}

// isLeftOut reports whether a document is a hook that a staging does not have.
func isLeftOut(head releaseutil.SimpleHead) bool {
	if head.Metadata == nil {
		return false
	}
	events, isHook := head.Metadata.Annotations[hookAnnotation]
	return isHook && phaseOf(events) == never
}

// allTemplates returns the templates of a chart and its subcharts.
func allTemplates(c *chart.Chart) []*chart.File {
	all := slices.Clone(c.Templates)
	for _, sub := range c.Dependencies() {
		all = append(all, allTemplates(sub)...)
	}
	return all
}

// withClock replaces the function now in a template by a constant time.
func withClock(name string, text []byte, clock string) []byte {
	if !bytes.Contains(text, []byte("now")) {
		return text
	}
	var at []int
	for _, tree := range parseTemplate(name, text) {
		walk(tree.Root, nil, func(n parse.Node, _ []parse.Node) {
			if f, ok := n.(*parse.IdentifierNode); ok && f.Ident == "now" {
				at = append(at, int(f.Pos))
			}
		})
	}
	slices.Sort(at)
	for _, pos := range slices.Backward(slices.Compact(at)) {
		constant := fmt.Sprintf("(toDate %q %q)", "2006-01-02T15:04:05Z07:00", clock)
		text = slices.Concat(text[:pos], []byte(constant), text[pos+len("now"):])
	}
	return text
}

// parseTemplate parses a template and the templates that it defines, by name; nil if it is
// invalid, which rendering reports.
func parseTemplate(name string, text []byte) map[string]*parse.Tree {
	trees := map[string]*parse.Tree{}
	t := parse.New(name)
	t.Mode = parse.SkipFuncCheck
	if _, err := t.Parse(string(text), "", "", trees); err != nil {
		return nil
	}
	return trees
}

// usesFunction reports whether a template calls one of the functions.
func usesFunction(c *chart.Chart, functions ...string) bool {
	for _, t := range allTemplates(c) {
		if !slices.ContainsFunc(functions, func(f string) bool { return bytes.Contains(t.Data, []byte(f)) }) {
			continue
		}
		used := false
		for _, tree := range parseTemplate(t.Name, t.Data) {
			walk(tree.Root, nil, func(n parse.Node, _ []parse.Node) {
				f, ok := n.(*parse.IdentifierNode)
				used = used || ok && slices.Contains(functions, f.Ident)
			})
		}
		if used {
			return true
		}
	}
	return false
}

// randomFault explains why files differ between two renderings: the function, its place,
// and the values that would replace it.
func (r rendering) randomFault(files []string) error {
	p, err := r.prepare()
	if err != nil {
		return err
	}
	file, found, ok := findSource(p.Chart, files)
	problem := staging.Problem{File: r.fileOf(p.Chart, file), Message: "differs each time it is rendered, so that every deploy would change the staging"}
	if ok {
		problem.File, problem.Line = r.fileOf(p.Chart, found.file), found.line
		problem.Message = fmt.Sprintf("%s differs each time it is rendered, so that every deploy would change the staging", found.function)
		if found.file != file {
			problem.Message += fmt.Sprintf(" (included by %s:%d)", r.fileOf(p.Chart, file), found.from)
		}
	}
	e := fault(problem)
	if settable := r.settable(p, file, found); len(settable) > 0 {
		return e.WithTechnicalHint("set %s in %s.values of octopod.yaml; never a password itself, because git would keep it forever", strings.Join(settable, " or "), r.Field)
	}
	return e.WithTechnicalHint("set the value that the template uses instead, in %s.values of octopod.yaml; for a password, name an existing Secret", r.Field)
}

// maxTried limits the values that settable tries.
const maxTried = 16

// settable returns the values near a random function that make the file the same each time,
// as the user writes them. It tries each: values for existing Secrets first.
func (r rendering) settable(p prepared, file string, s source) []string {
	prefix := valuePrefix(p.Chart, file)
	var settable []string
	for i, path := range s.candidates(p, prefix) {
		if i == maxTried {
			break
		}
		changed := r
		changed.Set = append(slices.Clone(r.Set), staging.ChartValue{Path: prefix + path, Value: "octopod"})
		if changed.isSame(file) {
			settable = append(settable, prefix+path)
		}
	}
	existing := func(path string) bool { return strings.Contains(strings.ToLower(path), "existing") }
	if slices.ContainsFunc(settable, existing) {
		settable = slices.DeleteFunc(settable, func(path string) bool { return !existing(path) })
	}
	return settable
}

// isSame reports whether a file is the same in two renderings.
func (r rendering) isSame(file string) bool {
	p, err := r.prepareAt(0)
	if err != nil {
		return false
	}
	first, err := r.renderOnce(p)
	if err != nil {
		return false
	}
	differing, err := r.differsAt(1, map[string]string{file: first[file]})
	return err == nil && len(differing) == 0
}

// valuePrefix returns the path to the values of the chart that a template belongs to, with a
// dot at the end: shop/charts/db/templates/x.yaml → "db.".
func valuePrefix(c *chart.Chart, file string) string {
	prefix := ""
	steps := strings.Split(strings.TrimPrefix(path.Dir(file), c.Name()+"/"), "/")
	for i := 0; i+1 < len(steps) && steps[i] == "charts"; i += 2 {
		prefix += steps[i+1] + "."
	}
	return prefix
}
