package argocd

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/argoproj/argo-cd/v2/pkg/apis/application/v1alpha1"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// owned lists the fields of an ApplicationSet that are Octopod's as a whole: which
// Applications exist, and what they sync to where.
var owned = []string{
	"generators", "goTemplateOptions", "template.spec.source", "template.spec.sources", "template.spec.destination",
}

// isOctopods reports whether the live ApplicationSet is the one of the project, and not
// an ApplicationSet of somebody else with the same name.
func isOctopods(live *v1alpha1.ApplicationSet, p *project.Project) bool {
	return live.Labels[project.LabelProject] == p.Metadata.Name
}

// merge adds to Octopod's ApplicationSet what others added to the live one: sync
// options, ignored differences, annotations, labels and the like. A field that Octopod
// writes has Octopod's value.
func merge(live, own *v1alpha1.ApplicationSet) (*v1alpha1.ApplicationSet, error) {
	var fields [2]object
	for i, set := range []*v1alpha1.ApplicationSet{live, own} {
		if err := convert(set.Spec, &fields[i]); err != nil {
			return nil, err
		}
	}
	merged := own.DeepCopy()
	merged.Spec = v1alpha1.ApplicationSetSpec{}
	return merged, convert(mergeObjects("", fields[0], fields[1]), &merged.Spec)
}

func convert(from, into any) error {
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return staging.Errorf(staging.CodeInternal, "reading the ApplicationSet of Argo CD").Because(err)
	}
	return nil
}

func mergeObjects(path string, live, own object) object {
	merged := object{}
	for key, value := range live {
		if !isGenerated(path, key) {
			merged[key] = value
		}
	}
	for key, value := range own {
		merged[key] = mergeValues(strings.TrimPrefix(path+"."+key, "."), live[key], value)
	}
	return merged
}

func mergeValues(path string, live, own any) any {
	if slices.Contains(owned, path) {
		return own
	}
	if has, ok := live.(object); ok {
		if wants, ok := own.(object); ok {
			return mergeObjects(path, has, wants)
		}
	}
	if has, ok := live.([]any); ok && (path == "template.spec.syncPolicy.syncOptions" || path == "template.metadata.finalizers") {
		return mergeOptions(has, own.([]any))
	}
	return own
}

// mergeOptions adds those sync options of others that Octopod does not set itself.
func mergeOptions(live, own []any) []any {
	name := func(option any) string { name, _, _ := strings.Cut(option.(string), "="); return name }
	merged := slices.Clone(own)
	for _, option := range live {
		if !slices.ContainsFunc(own, func(o any) bool { return name(o) == name(option) }) {
			merged = append(merged, option)
		}
	}
	return merged
}

// isGenerated reports whether only Octopod writes a key, so that one that it no longer
// writes must go.
func isGenerated(path, key string) bool {
	switch path {
	case "template.metadata.annotations":
		return key == generatePathsAnnotation || strings.HasPrefix(key, linkAnnotation)
	case "template.spec":
		return slices.Contains(owned, path+"."+key)
	}
	return false
}
