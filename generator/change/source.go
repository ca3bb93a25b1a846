package change

import (
	"path"
	"slices"
	"strings"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// sourceRef is the YAML document of a template that an object is rendered from.
type sourceRef struct {
	file string
	strictyaml.Document
}

// withSource adds file and line of the template to problems of rendered objects,
// where the template is YAML and the document is unambiguous. Objects with a
// generated name, and objects that Octopod adds, are in no file of the template.
func withSource(tree *envrepo.Tree, p *project.Project, problems []staging.Problem) []staging.Problem {
	if p.Spec.Engine != project.EngineKustomize || !slices.ContainsFunc(problems, lacksSource) {
		return problems
	}
	refs := templateDocuments(tree, p)
	problems = slices.Clone(problems)
	for i, problem := range problems {
		if !lacksSource(problem) {
			continue
		}
		if ref, ok := sourceOf(problem, refs[problem.Object]); ok {
			problems[i].File, problems[i].Line = ref.file, max(ref.Lines.Line(problem.Field), ref.Lines["kind"])
		}
	}
	return problems
}

// lacksSource reports whether a problem is of a rendered object and names no file.
func lacksSource(p staging.Problem) bool { return p.Rule != "" && p.Object != "" && p.File == "" }

// templateDocuments returns the documents of the template and its components by
// kind and name.
func templateDocuments(tree *envrepo.Tree, p *project.Project) map[string][]sourceRef {
	refs := map[string][]sourceRef{}
	root, _, _ := strings.Cut(p.Spec.Kustomize.Base, "/")
	if root == "" {
		return refs // the objects of a chart are in no file of a template
	}
	names, _ := tree.FilesUnder(root) // rendering reported unreadable files before
	for _, name := range names {
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
			continue
		}
		data, _ := tree.ReadFile(name)
		for _, d := range strictyaml.Documents(data) {
			object := d.Kind + "/" + d.Name
			refs[object] = append(refs[object], sourceRef{name, d})
		}
	}
	return refs
}

// sourceOf returns the one document that has the problem's field, or else the only
// document. There may be several: a patch has the kind and name of its target.
func sourceOf(problem staging.Problem, refs []sourceRef) (sourceRef, bool) {
	withField := slices.DeleteFunc(slices.Clone(refs), func(r sourceRef) bool { return r.Lines[problem.Field] == 0 })
	switch {
	case len(withField) == 1:
		return withField[0], true
	case len(withField) == 0 && len(refs) == 1:
		return refs[0], true
	}
	return sourceRef{}, false
}
