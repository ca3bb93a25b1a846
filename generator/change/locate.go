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

// place is a document of a template.
type place struct {
	file string
	strictyaml.Document
}

// located gives faults of rendered objects the file and line of the template,
// where that is YAML and only one place can be meant. Names that are generated and
// objects that Octopod makes stand in no file.
func located(tree *envrepo.Tree, p *project.Project, problems []staging.Problem) []staging.Problem {
	if p.Spec.Engine != project.EngineKustomize || !slices.ContainsFunc(problems, ofObject) {
		return problems
	}
	places := documents(tree, p)
	problems = slices.Clone(problems)
	for i, problem := range problems {
		if !ofObject(problem) {
			continue
		}
		if at, ok := placeOf(problem, places[problem.Object]); ok {
			problems[i].File, problems[i].Line = at.file, max(at.Lines.Line(problem.Field), at.Lines["kind"])
		}
	}
	return problems
}

func ofObject(p staging.Problem) bool { return p.Rule != "" && p.Object != "" && p.File == "" }

// documents are those of the template and its components, by kind and name.
func documents(tree *envrepo.Tree, p *project.Project) map[string][]place {
	places := map[string][]place{}
	root, _, _ := strings.Cut(p.Spec.Kustomize.Base, "/")
	names, _ := tree.FilesUnder(root) // what cannot be read was told before
	for _, name := range names {
		if ext := path.Ext(name); ext != ".yaml" && ext != ".yml" {
			continue
		}
		data, _ := tree.ReadFile(name)
		for _, d := range strictyaml.Documents(data) {
			object := d.Kind + "/" + d.Name
			places[object] = append(places[object], place{name, d})
		}
	}
	return places
}

// placeOf is the one document that has the field, or the one there is: patches
// have the kind and name of what they patch.
func placeOf(problem staging.Problem, places []place) (place, bool) {
	having := slices.DeleteFunc(slices.Clone(places), func(p place) bool { return p.Lines[problem.Field] == 0 })
	switch {
	case len(having) == 1:
		return having[0], true
	case len(having) == 0 && len(places) == 1:
		return places[0], true
	}
	return place{}, false
}
