package main

import (
	"cmp"
	"encoding/json"
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
	pairs := map[string][2]*staging.Object{}
	for side, objects := range [][]staging.Object{before, after} {
		for i := range objects {
			pair := pairs[identity(objects[i])]
			pair[side] = &objects[i]
			pairs[identity(objects[i])] = pair
		}
	}
	diffs := []objectDiff{}
	for _, pair := range pairs {
		if d, differs := compareObject(pair[0], pair[1]); differs {
			diffs = append(diffs, d)
		}
	}
	slices.SortFunc(diffs, func(a, b objectDiff) int { return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Diff, b.Diff)) })
	return diffs
}

func identity(o staging.Object) string {
	return strings.Join([]string{o.APIVersion, o.Kind, o.Namespace, o.Name}, "\x00")
}

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
