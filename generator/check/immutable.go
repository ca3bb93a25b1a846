package check

import (
	"encoding/json"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"octopod/generator/staging"
)

// immutableFields lists the fields that Kubernetes does not let change, by group and kind.
var immutableFields = map[string][]string{
	"apps/DaemonSet":   {"spec.selector"},
	"apps/Deployment":  {"spec.selector"},
	"apps/ReplicaSet":  {"spec.selector"},
	"apps/StatefulSet": {"spec.selector", "spec.serviceName", "spec.podManagementPolicy", "spec.volumeClaimTemplates"},
	"batch/Job":        {"spec.template", "spec.selector", "spec.completionMode"},
	"/PersistentVolumeClaim": {
		"spec.accessModes", "spec.storageClassName", "spec.volumeMode", "spec.volumeName", "spec.selector", "spec.dataSource", "spec.dataSourceRef",
	},
	"/Secret":                               {"type"},
	"/Service":                              {"spec.clusterIP"},
	"rbac.authorization.k8s.io/RoleBinding": {"roleRef"},
}

// Update compares the objects of two deploys of one staging, and returns a problem for each
// change that Kubernetes refuses.
func Update(before, after []staging.Object, s Subject) []staging.Problem {
	earlier := map[string]staging.Object{}
	for _, o := range before {
		earlier[identity(o)] = o
	}
	r := report{subject: s}
	for _, o := range after {
		if old, exists := earlier[identity(o)]; exists && string(old.JSON) != string(o.JSON) {
			checkUpdate(check{&r, &object{Object: o}, immutable}, old)
		}
	}
	return r.problems
}

func identity(o staging.Object) string {
	return strings.Join([]string{groupKind(o), o.Namespace, o.Name}, " ")
}

func groupKind(o staging.Object) string {
	group, _, isNamed := strings.Cut(o.APIVersion, "/")
	if !isNamed {
		group = ""
	}
	return group + "/" + o.Kind
}

func checkUpdate(c check, before staging.Object) {
	var old, now map[string]any
	if json.Unmarshal(before.JSON, &old) != nil || json.Unmarshal(c.o.JSON, &now) != nil || isReplaced(now) {
		return
	}
	for _, name := range immutableFields[groupKind(before)] {
		path := strings.Split(name, ".")
		if !reflect.DeepEqual(nested(old, path...), nested(now, path...)) {
			c.rejectChange(name)
		}
	}
	switch groupKind(before) {
	case "/ConfigMap", "/Secret":
		if old["immutable"] == true && !reflect.DeepEqual(contentOf(old), contentOf(now)) {
			c.rejectAt("immutable", "is set, but the content changes: generate the object, so that its name has a hash of the content, or remove the field")
		}
	case "/PersistentVolumeClaim":
		if path := []string{"spec", "resources", "requests", "storage"}; shrinks(nested(old, path...), nested(now, path...)) {
			c.rejectAt(strings.Join(path, "."), "becomes smaller, and Kubernetes only lets a volume grow")
		}
	case "/Pod":
		if !reflect.DeepEqual(withoutImages(old), withoutImages(now)) {
			c.rejectChange("spec")
		}
	}
}

func (c check) rejectChange(field string) {
	advice := "let no image and no setting change it"
	if c.o.Kind == "Job" {
		advice = "name the Job by its content, as octopod.staging of octopod.libsonnet does"
	}
	c.rejectAt(field, "cannot change after the first deploy: %s", advice)
}

// isReplaced reports whether Argo CD deletes an object and creates it again: hooks, and
// objects with the sync option Force=true.
func isReplaced(o map[string]any) bool {
	annotations, _ := nested(o, "metadata", "annotations").(map[string]any)
	options, _ := annotations["argocd.argoproj.io/sync-options"].(string)
	return annotations["argocd.argoproj.io/hook"] != nil || annotations["helm.sh/hook"] != nil || strings.Contains(options, "Force=true")
}

func contentOf(o map[string]any) []any { return []any{o["data"], o["binaryData"], o["stringData"]} }

func shrinks(before, after any) bool {
	old, _ := before.(string)
	now, _ := after.(string)
	from, err := resource.ParseQuantity(old)
	if err != nil {
		return false
	}
	to, err := resource.ParseQuantity(now)
	return err == nil && to.Cmp(from) < 0
}

// withoutImages returns the spec of a Pod without the only fields that may change.
func withoutImages(pod map[string]any) any {
	spec, _ := pod["spec"].(map[string]any)
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := spec[list].([]any)
		for _, c := range containers {
			if container, ok := c.(map[string]any); ok {
				delete(container, "image")
			}
		}
	}
	return spec
}
