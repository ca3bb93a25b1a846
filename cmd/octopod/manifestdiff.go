package main

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// objectDiff is how one object changes.
type objectDiff struct {
	Object string         `json:"object"` // Deployment/backend
	Action staging.Change `json:"action"`
	Diff   string         `json:"diff"` // unified, secrets masked
}

// compare gives a unified diff for every object that differs, by kind and name.
func compare(before, after []staging.Object) []objectDiff {
	was, is := byIdentity(before), byIdentity(after)
	diffs := []objectDiff{}
	for _, key := range slices.Sorted(maps.Keys(union(was, is))) {
		if d, differs := compareObject(was[key], is[key]); differs {
			diffs = append(diffs, d)
		}
	}
	return diffs
}

func union[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// byIdentity keys objects by what makes two of them the same one. kustomize
// ends the name of a generated ConfigMap in a hash of its content; without it
// the next version of the map would look like another map.
func byIdentity(objects []staging.Object) map[string]*staging.Object {
	keyed := map[string]*staging.Object{}
	for i, o := range objects {
		key := strings.Join([]string{o.Kind, generatedName.ReplaceAllString(o.Name, ""), o.Namespace, o.APIVersion}, "\x00")
		if keyed[key] != nil {
			key += "\x00" + o.Name
		}
		keyed[key] = &objects[i]
	}
	return keyed
}

// generatedName is the hash at the end, in kustomize's alphabet.
var generatedName = regexp.MustCompile(`-[2456789bcdfghkmt]{10}$`)

func compareObject(before, after *staging.Object) (objectDiff, bool) {
	d := objectDiff{Action: staging.Modified}
	from, to := "/dev/null", "/dev/null"
	if before != nil {
		d.Object, from = before.String(), "a/"+before.String()
	} else {
		d.Action = staging.Added
	}
	if after != nil {
		d.Object, to = after.String(), "b/"+after.String()
	} else {
		d.Action = staging.Removed
	}
	was, is := maskedYAML(before, after)
	d.Diff = udiff.Unified(from, to, was, is)
	return d, d.Diff != ""
}

// maskedYAML writes both sides as YAML without their secrets; a secret that
// changed still shows as a change.
func maskedYAML(before, after *staging.Object) (was, is string) {
	a, b := decodeObject(before), decodeObject(after)
	mask(a, b)
	return objectYAML(a), objectYAML(b)
}

func decodeObject(o *staging.Object) map[string]any {
	var fields map[string]any
	if o != nil && json.Unmarshal(o.JSON, &fields) != nil {
		fields = map[string]any{"unreadable": "this object is no JSON"}
	}
	return fields
}

func objectYAML(fields map[string]any) string {
	if fields == nil {
		return ""
	}
	text, err := yaml.Marshal(fields)
	if err != nil {
		return "unreadable: " + err.Error() + "\n"
	}
	return string(text)
}

// unified joins the diffs of all objects.
func unified(diffs []objectDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		b.WriteString(d.Diff)
	}
	return b.String()
}

// showDiff prints a unified diff, coloured on a terminal.
func (c *cli) showDiff(diff string) {
	for line := range strings.Lines(diff) {
		c.out.printf("%s\n", c.out.paint(diffStyle(line), plain(strings.TrimRight(line, "\n"))))
	}
}

func diffStyle(line string) style {
	switch {
	case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		return bold
	case strings.HasPrefix(line, "@@"):
		return cyan
	case strings.HasPrefix(line, "+"):
		return green
	case strings.HasPrefix(line, "-"):
		return red
	}
	return ""
}
