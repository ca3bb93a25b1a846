package change

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"
	"sigs.k8s.io/yaml"

	"octopod/generator/rights"
	"octopod/generator/staging"
)

// ObjectDiff is the change of one object.
type ObjectDiff struct {
	Object string         `json:"object"` // Deployment/backend
	Action staging.Change `json:"action"`
	Diff   string         `json:"diff"` // unified, secrets masked
}

// Compare returns a unified diff for every object that differs, sorted by kind and
// name. Secrets are masked.
func Compare(before, after []staging.Object) []ObjectDiff {
	old, current := byIdentity(before), byIdentity(after)
	diffs := []ObjectDiff{}
	for _, key := range slices.Sorted(maps.Keys(union(old, current))) {
		if d, differs := compareObject(old[key], current[key]); differs {
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

// byIdentity keys objects by their identity across versions. It ignores the content
// hash in the name of a generated object, or the next version of a ConfigMap would
// look like another ConfigMap.
func byIdentity(objects []staging.Object) map[string]*staging.Object {
	keyed := map[string]*staging.Object{}
	for i, o := range objects {
		key := strings.Join([]string{o.Kind, staging.StableName(o.Kind, o.Name), o.Namespace, o.APIVersion}, "\x00")
		if keyed[key] != nil {
			key += "\x00" + o.Name
		}
		keyed[key] = &objects[i]
	}
	return keyed
}

func compareObject(before, after *staging.Object) (ObjectDiff, bool) {
	d := ObjectDiff{Action: staging.Modified}
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
	old, current := maskedYAML(before, after)
	d.Diff = udiff.Unified(from, to, old, current)
	return d, d.Diff != ""
}

// MaskSecrets returns copies of both lists with masked secrets. The masks differ
// where a secret changed.
func MaskSecrets(before, after []staging.Object) (maskedBefore, maskedAfter []staging.Object) {
	maskedBefore, maskedAfter = slices.Clone(before), slices.Clone(after)
	old, current := byIdentity(maskedBefore), byIdentity(maskedAfter)
	for key := range union(old, current) {
		a, b := decodeObject(old[key]), decodeObject(current[key])
		if rights.Mask(a, b) {
			replaceJSON(old[key], a)
			replaceJSON(current[key], b)
		}
	}
	return maskedBefore, maskedAfter
}

// replaceJSON sets the fields of an object. encoding/json sorts their keys.
func replaceJSON(o *staging.Object, fields map[string]any) {
	if o == nil {
		return
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(fields) // cannot fail: decoded from JSON
	o.JSON = bytes.TrimSpace(text.Bytes())
}

// maskedYAML returns both versions of an object as YAML with masked secrets. The
// masks differ where a secret changed.
func maskedYAML(before, after *staging.Object) (old, current string) {
	a, b := decodeObject(before), decodeObject(after)
	rights.Mask(a, b)
	return objectYAML(a), objectYAML(b)
}

func decodeObject(o *staging.Object) map[string]any {
	var fields map[string]any
	if o != nil && json.Unmarshal(o.JSON, &fields) != nil {
		fields = map[string]any{"unreadable": "this object is not JSON"}
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

// Unified joins the diffs of all objects into one.
func Unified(diffs []ObjectDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		b.WriteString(d.Diff)
	}
	return b.String()
}
