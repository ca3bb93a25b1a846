package helm

import (
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chartutil"

	"octopod/generator/staging"
)

// setValues sets the images of the services and single values in the values of the user.
// An element of a list is set in a copy of the chart's default list, so that the other
// fields and elements keep their defaults.
func (r rendering) setValues(p *prepared) error {
	if len(r.Set)+len(r.Images) == 0 {
		return nil
	}
	if p.values == nil {
		p.values = map[string]any{}
	}
	known, err := chartutil.CoalesceValues(p.Chart, p.values)
	if err != nil {
		return fault(staging.Problem{File: r.Path, Message: err.Error()})
	}
	for _, image := range r.Images {
		if err := setImage(p.values, known, image); err != nil {
			return fault(staging.Problem{Field: r.Field + ".images." + image.Service, Message: err.Error()})
		}
	}
	for _, s := range r.Set {
		value := s.Value
		if n, ok := value.(float64); ok && n == float64(int64(n)) {
			value = int64(n) // as `helm --set` does; Helm writes large floats with an exponent
		}
		if err := setPath(p.values, known, s.Path, value); err != nil {
			return fault(staging.Problem{Field: r.Field, Message: err.Error()})
		}
	}
	return nil
}

// setPath sets the value at a path. known holds the values with the defaults of the chart.
func setPath(values, known map[string]any, path string, value any) error {
	steps, err := staging.ParseValuePath(path)
	if err != nil {
		return fmt.Errorf("%q is not a path in values: %w", path, err)
	}
	_, err = setStep(values, known, steps, value)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// setStep returns the container of the first step with the value set below it.
func setStep(container, known any, steps []staging.ValueStep, value any) (any, error) {
	if len(steps) == 0 {
		return value, nil
	}
	if steps[0].IsItem {
		return setItem(container, known, steps, value)
	}
	fields, isMap := container.(map[string]any)
	if !isMap {
		if container != nil {
			return nil, fmt.Errorf("the value above %s is no map", steps[0].Key)
		}
		fields = map[string]any{}
	}
	defaults, _ := known.(map[string]any)
	below, err := setStep(fields[steps[0].Key], defaults[steps[0].Key], steps[1:], value)
	fields[steps[0].Key] = below
	return fields, err
}

func setItem(container, known any, steps []staging.ValueStep, value any) (any, error) {
	items, isList := container.([]any)
	defaults, _ := known.([]any)
	if !isList {
		items = deepCopy(defaults).([]any)
	}
	index := steps[0].Index
	if index > len(items) {
		return nil, fmt.Errorf("the list has only %d elements", len(items))
	}
	if index == len(items) {
		items = append(items, nil)
	}
	var item any
	if index < len(defaults) {
		item = defaults[index]
	}
	below, err := setStep(items[index], item, steps[1:], value)
	items[index] = below
	return items, err
}

// deepCopy copies lists and maps of values.
func deepCopy(value any) any {
	switch value := value.(type) {
	case []any:
		items := make([]any, len(value))
		for i := range value {
			items[i] = deepCopy(value[i])
		}
		return items
	case map[string]any:
		fields := make(map[string]any, len(value))
		for key := range value {
			fields[key] = deepCopy(value[key])
		}
		return fields
	}
	return value
}

// setImage sets an image in the form that the chart has at the path: one text, or a map with
// registry, repository, tag and digest, as far as the chart has them.
func setImage(values, known map[string]any, image staging.ChartImage) error {
	found, err := valueAt(known, image.Path)
	if err != nil {
		return err
	}
	parts, isMap := found.(map[string]any)
	if !isMap {
		if _, isText := found.(string); !isText {
			return fmt.Errorf("the values of the chart have no image at %s: name a text, or a map with repository and tag", image.Path)
		}
		return setPath(values, known, image.Path, image.Reference)
	}
	name := slices.IndexFunc(imageNames, func(key string) bool { _, has := parts[key]; return has })
	if name < 0 {
		return fmt.Errorf("the map at %s has none of %s", image.Path, strings.Join(imageNames, ", "))
	}
	for key, value := range imageParts(parts, imageNames[name], image.Reference) {
		if err := setPath(values, known, image.Path+"."+key, value); err != nil {
			return err
		}
	}
	return nil
}

// imageNames are the keys for the repository of an image.
var imageNames = []string{"repository", "name", "image"}

// imageParts splits a reference into the keys of a chart. Without a key for digests, a digest
// goes into repository and tag: both together are the reference again.
func imageParts(known map[string]any, nameKey, reference string) map[string]any {
	name, digest, _ := strings.Cut(reference, "@")
	tag := ""
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name, tag = name[:colon], name[colon+1:]
	}
	parts := map[string]any{}
	if _, has := known["registry"]; has {
		host, rest, _ := strings.Cut(name, "/")
		if rest == "" || host != "localhost" && !strings.ContainsAny(host, ".:") {
			host, rest = "docker.io", name
		}
		parts["registry"], name = host, rest
	}
	if _, has := known["digest"]; has {
		parts["digest"] = digest
	} else if algorithm, hash, found := strings.Cut(digest, ":"); found {
		name, tag = name+"@"+algorithm, hash
	}
	if tag != "" {
		parts["tag"] = tag
	}
	parts[nameKey] = name
	return parts
}

// valueAt returns the value at a path; nil if there is none.
func valueAt(values map[string]any, path string) (any, error) {
	steps, err := staging.ParseValuePath(path)
	if err != nil {
		return nil, fmt.Errorf("%q is not a path in values: %w", path, err)
	}
	var at any = values
	for _, step := range steps {
		switch container := at.(type) {
		case map[string]any:
			at = container[step.Key]
		case chartutil.Values:
			at = container[step.Key]
		case []any:
			if !step.IsItem || step.Index >= len(container) {
				return nil, nil
			}
			at = container[step.Index]
		default:
			return nil, nil
		}
	}
	return at, nil
}
