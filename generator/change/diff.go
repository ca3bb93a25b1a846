package change

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"
	"sigs.k8s.io/yaml"

	"octopod/generator/rights"
	"octopod/generator/staging"
)

// ObjectDiff is how one object changes.
type ObjectDiff struct {
	Object string         `json:"object"` // Deployment/backend
	Action staging.Change `json:"action"`
	Diff   string         `json:"diff"` // unified, secrets masked
}

// Compare gives a unified diff for every object that differs, by kind and name.
func Compare(before, after []staging.Object) []ObjectDiff {
	was, is := byIdentity(before), byIdentity(after)
	diffs := []ObjectDiff{}
	for _, key := range slices.Sorted(maps.Keys(either(was, is))) {
		if d, differs := compareObject(was[key], is[key]); differs {
			diffs = append(diffs, d)
		}
	}
	return diffs
}

func either[V any](a, b map[string]V) map[string]V {
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
	was, is := maskedYAML(before, after)
	d.Diff = udiff.Unified(from, to, was, is)
	return d, d.Diff != ""
}

// MaskSecrets gives the objects of both sides without their secrets; one that changed
// still differs, in how it is masked.
func MaskSecrets(before, after []staging.Object) (was, is []staging.Object) {
	was, is = slices.Clone(before), slices.Clone(after)
	old, next := byIdentity(was), byIdentity(is)
	for key := range either(old, next) {
		a, b := decodeObject(old[key]), decodeObject(next[key])
		if rights.Mask(a, b) {
			replaceJSON(old[key], a)
			replaceJSON(next[key], b)
		}
	}
	return was, is
}

// replaceJSON puts fields into an object; encoding/json sorts their keys.
func replaceJSON(o *staging.Object, fields map[string]any) {
	if o == nil {
		return
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(fields) // it was decoded from JSON
	o.JSON = bytes.TrimSpace(text.Bytes())
}

// maskedYAML writes both sides as YAML without their secrets; a secret that
// changed still shows as a change.
func maskedYAML(before, after *staging.Object) (was, is string) {
	a, b := decodeObject(before), decodeObject(after)
	rights.Mask(a, b)
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

// Unified joins the diffs of all objects.
func Unified(diffs []ObjectDiff) string {
	var b strings.Builder
	for _, d := range diffs {
		b.WriteString(d.Diff)
	}
	return b.String()
}
