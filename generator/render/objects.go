package render

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// maxOutput limits the JSON of all objects of a staging.
const maxOutput = 64 << 20

// installOrder is the usual order of installation: dependencies first. Other kinds follow
// by name.
var installOrder = rank(
	"Namespace", "ResourceQuota", "LimitRange", "ServiceAccount", "Role", "RoleBinding",
	"NetworkPolicy", "Secret", "ConfigMap", "PersistentVolumeClaim", "Service",
	"StatefulSet", "Deployment", "DaemonSet", "Job", "CronJob", "HorizontalPodAutoscaler",
	"PodDisruptionBudget", "Ingress",
)

func rank(kinds ...string) map[string]int {
	ranks := make(map[string]int, len(kinds))
	for i, kind := range kinds {
		ranks[kind] = i + 1
	}
	return ranks
}

// sortObjects sorts objects in a total order, equal for all engines and machines.
func sortObjects(objects []staging.Object) {
	slices.SortStableFunc(objects, func(a, b staging.Object) int {
		return cmp.Or(
			cmp.Compare(kindRank(a.Kind), kindRank(b.Kind)),
			cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.APIVersion, b.APIVersion),
			bytes.Compare(a.JSON, b.JSON),
		)
	})
}

func kindRank(kind string) int {
	if r, ok := installOrder[kind]; ok {
		return r
	}
	return len(installOrder) + 1
}

// checkSize rejects too many or too large objects.
func checkSize(dir string, objects []staging.Object) error {
	if len(objects) > maxObjects {
		return staging.Errorf(staging.CodeInvalid, "%s: %s", dir, tooManyObjects(len(objects)))
	}
	total := 0
	for _, o := range objects {
		total += len(o.JSON)
	}
	if total > maxOutput {
		return staging.Errorf(staging.CodeInvalid, "the objects of %s are larger than %d MiB together", dir, maxOutput>>20)
	}
	return nil
}

func tooManyObjects(n int) string {
	return fmt.Sprintf("the template returns %d objects; at most %d are allowed", n, maxObjects)
}

// flatten collects the objects in a decoded value, as kubectl and Argo CD do:
// an object, a List kind, and arrays and objects of them at any depth.
func flatten(value any, at string, found []staging.Object) ([]staging.Object, error) {
	var err error
	switch value := value.(type) {
	case nil:
		return found, nil // a template may leave an object out with `if`
	case []any:
		for i, item := range value {
			if found, err = flatten(item, fmt.Sprintf("%s[%d]", at, i), found); err != nil {
				return nil, err
			}
		}
		return found, nil
	case map[string]any:
		return flattenMap(value, at, found)
	}
	return nil, fmt.Errorf("%s is %s, not an object", at, typeName(value))
}

func flattenMap(value map[string]any, at string, found []staging.Object) ([]staging.Object, error) {
	_, hasKind := value["kind"].(string)
	items, isList := value["items"].([]any)
	switch {
	case hasKind && isList:
		return flatten(items, at+".items", found)
	case hasKind || value["apiVersion"] != nil:
		o, err := newObject(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		return append(found, o), nil
	}
	var err error
	for _, key := range sortedKeys(value) {
		if found, err = flatten(value[key], at+"."+key, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func typeName(value any) string {
	switch value.(type) {
	case string:
		return "text"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	}
	return fmt.Sprintf("a %T", value)
}

func newObject(value map[string]any) (staging.Object, error) {
	meta, _ := value["metadata"].(map[string]any)
	o := staging.Object{}
	for _, f := range []struct {
		name string
		from any
		to   *string
	}{
		{"apiVersion", value["apiVersion"], &o.APIVersion},
		{"kind", value["kind"], &o.Kind},
		{"metadata.name", meta["name"], &o.Name},
	} {
		text, _ := f.from.(string)
		if text == "" {
			return o, fmt.Errorf("the object has no %s", f.name)
		}
		*f.to = text
	}
	o.Namespace, _ = meta["namespace"].(string)
	var err error
	o.JSON, err = appendValue(nil, value)
	return o, err
}

// Manifests encodes objects for envs/<name>/manifests.yaml: canonical YAML in the given
// order, byte for byte as kustomize formats each object.
func Manifests(objects []staging.Object) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("# " + generatedNote + "\n")
	for i, o := range objects {
		if i > 0 {
			b.WriteString("---\n")
		}
		text, err := yaml.JSONToYAML(o.JSON)
		if err != nil {
			return nil, fmt.Errorf("writing %s as YAML: %w", o, err)
		}
		b.Write(text)
	}
	return b.Bytes(), nil
}
