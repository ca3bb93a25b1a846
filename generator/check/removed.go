package check

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/kubernetes/scheme"

	"octopod/generator/project/strictyaml"
)

// removal is the successor of an API that Kubernetes removed.
type removal struct{ successor, since string }

// removed lists the APIs that Kubernetes removed up to 1.32, by "apiVersion Kind", or
// by the version alone if all of its kinds were removed at once.
// https://kubernetes.io/docs/reference/using-api/deprecation-guide/
var removed = map[string]removal{
	"extensions/v1beta1 Ingress":                  {"networking.k8s.io/v1", "1.22"},
	"extensions/v1beta1 NetworkPolicy":            {"networking.k8s.io/v1", "1.16"},
	"extensions/v1beta1":                          {"apps/v1", "1.16"},
	"apps/v1beta1":                                {"apps/v1", "1.16"},
	"apps/v1beta2":                                {"apps/v1", "1.16"},
	"autoscaling/v2beta1":                         {"autoscaling/v2", "1.25"},
	"autoscaling/v2beta2":                         {"autoscaling/v2", "1.26"},
	"batch/v1beta1":                               {"batch/v1", "1.25"},
	"batch/v2alpha1":                              {"batch/v1", "1.21"},
	"networking.k8s.io/v1beta1 Ingress":           {"networking.k8s.io/v1", "1.22"},
	"networking.k8s.io/v1beta1 IngressClass":      {"networking.k8s.io/v1", "1.22"},
	"policy/v1beta1 PodDisruptionBudget":          {"policy/v1", "1.25"},
	"policy/v1beta1 PodSecurityPolicy":            {"Pod Security admission", "1.25"},
	"rbac.authorization.k8s.io/v1alpha1":          {"rbac.authorization.k8s.io/v1", "1.22"},
	"rbac.authorization.k8s.io/v1beta1":           {"rbac.authorization.k8s.io/v1", "1.22"},
	"scheduling.k8s.io/v1alpha1":                  {"scheduling.k8s.io/v1", "1.22"},
	"scheduling.k8s.io/v1beta1":                   {"scheduling.k8s.io/v1", "1.22"},
	"storage.k8s.io/v1beta1 CSIDriver":            {"storage.k8s.io/v1", "1.22"},
	"storage.k8s.io/v1beta1 CSINode":              {"storage.k8s.io/v1", "1.22"},
	"storage.k8s.io/v1beta1 StorageClass":         {"storage.k8s.io/v1", "1.22"},
	"storage.k8s.io/v1beta1 VolumeAttachment":     {"storage.k8s.io/v1", "1.22"},
	"storage.k8s.io/v1beta1 CSIStorageCapacity":   {"storage.k8s.io/v1", "1.27"},
	"events.k8s.io/v1beta1":                       {"events.k8s.io/v1", "1.25"},
	"discovery.k8s.io/v1beta1":                    {"discovery.k8s.io/v1", "1.25"},
	"coordination.k8s.io/v1beta1":                 {"coordination.k8s.io/v1", "1.22"},
	"certificates.k8s.io/v1beta1":                 {"certificates.k8s.io/v1", "1.22"},
	"flowcontrol.apiserver.k8s.io/v1beta1":        {"flowcontrol.apiserver.k8s.io/v1", "1.26"},
	"flowcontrol.apiserver.k8s.io/v1beta2":        {"flowcontrol.apiserver.k8s.io/v1", "1.29"},
	"flowcontrol.apiserver.k8s.io/v1beta3":        {"flowcontrol.apiserver.k8s.io/v1", "1.32"},
	"node.k8s.io/v1beta1":                         {"node.k8s.io/v1", "1.25"},
	"node.k8s.io/v1alpha1":                        {"node.k8s.io/v1", "1.25"},
	"apiextensions.k8s.io/v1beta1":                {"apiextensions.k8s.io/v1", "1.22"},
	"apiregistration.k8s.io/v1beta1":              {"apiregistration.k8s.io/v1", "1.22"},
	"authentication.k8s.io/v1beta1":               {"authentication.k8s.io/v1", "1.22"},
	"authorization.k8s.io/v1beta1":                {"authorization.k8s.io/v1", "1.22"},
	"admissionregistration.k8s.io/v1beta1 " + mwc: {"admissionregistration.k8s.io/v1", "1.22"},
	"admissionregistration.k8s.io/v1beta1 " + vwc: {"admissionregistration.k8s.io/v1", "1.22"},
}

const (
	mwc = "MutatingWebhookConfiguration"
	vwc = "ValidatingWebhookConfiguration"
)

func removalOf(o *object) (removal, bool) {
	if r, ok := removed[o.APIVersion+" "+o.Kind]; ok {
		return r, true
	}
	r, ok := removed[o.APIVersion]
	return r, ok
}

// checkRemoved implements the rule removed-api.
func checkRemoved(c check) {
	if r, ok := removalOf(c.o); ok {
		c.reject(field.NewPath("apiVersion"), "%s %s was removed in Kubernetes %s: use %s", c.o.APIVersion, c.o.Kind, r.since, r.successor)
	}
}

// checkKnown rejects a kind that looks built in but does not exist. The groups
// without a dot (core, apps, batch, …) have had no new kind for years, so every
// unknown kind in them is a mistake. In other groups a kind may be newer than this
// program, so only a misspelled kind is a mistake.
func checkKnown(c check) {
	o, gv := c.o, c.o.gvk.GroupVersion()
	closed := !strings.Contains(gv.Group, ".")
	near := closestKind(gv, o.Kind)
	switch {
	case !scheme.Scheme.IsGroupRegistered(gv.Group) && closed:
		c.reject(field.NewPath("apiVersion"), "%s is not an API group%s", gv.Group, versionHint(o.Kind))
	case !scheme.Scheme.IsVersionRegistered(gv) && closed:
		c.reject(field.NewPath("apiVersion"), "%s does not exist%s", o.APIVersion, versionHint(o.Kind))
	case near != "":
		c.reject(field.NewPath("kind"), "%s has no kind %s; did you mean %s?", o.APIVersion, o.Kind, near)
	case closed:
		c.reject(field.NewPath("kind"), "%s has no kind %s%s", o.APIVersion, o.Kind, versionHint(o.Kind))
	}
}

// closestKind returns the kind of a group with the most similar name.
func closestKind(gv schema.GroupVersion, kind string) string {
	var kinds []string
	for known, t := range scheme.Scheme.KnownTypes(gv) {
		if _, ok := t.FieldByName("ObjectMeta"); ok {
			kinds = append(kinds, known)
		}
	}
	slices.Sort(kinds)
	return strictyaml.Closest(kind, kinds)
}

// versionHint returns the API version that has a kind, for a message.
func versionHint(kind string) string {
	var versions []string
	for _, gv := range scheme.Scheme.PrioritizedVersionsAllGroups() {
		_, gone := removed[gv.String()]
		if scheme.Scheme.Recognizes(gv.WithKind(kind)) && !gone && !strings.Contains(gv.Version, "beta") && !strings.Contains(gv.Version, "alpha") {
			versions = append(versions, gv.String())
		}
	}
	if len(versions) == 0 {
		return "; the group of a custom kind contains a dot"
	}
	slices.Sort(versions)
	return "; " + kind + " is in " + versions[len(versions)-1]
}
