package check

import (
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkForm implements the rule well-formed.
func checkForm(c check) {
	o := c.o
	switch {
	case o.err != nil:
		c.reject(nil, "cannot be read: %v", o.err)
		return
	case o.APIVersion == "":
		c.reject(field.NewPath("apiVersion"), "is missing")
	case o.Kind == "":
		c.reject(field.NewPath("kind"), "is missing")
	case o.typed != nil && isList(o):
		c.reject(field.NewPath("kind"), "is a list of objects: render each item as a separate object")
	case o.typed != nil && !hasMeta(o):
		c.reject(field.NewPath("kind"), "%s is not an object that a cluster stores", o.Kind)
	case len(o.faults) == 0 && o.identity() != o.APIVersion+" "+o.String():
		c.reject(nil, "was rendered as %s %s, but its JSON is %s", o.APIVersion, o.Object, o.identity())
	case o.meta.Name == "" && o.meta.GenerateName == "":
		c.reject(metadata.Child("name"), "is missing")
	default:
		checkName(c)
	}
}

// identity returns apiVersion, kind and name as in the JSON.
func (o *object) identity() string {
	apiVersion, kind := asString(o.raw["apiVersion"]), asString(o.raw["kind"])
	if o.typed != nil {
		apiVersion, kind = o.typed.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	}
	return apiVersion + " " + kind + "/" + o.meta.Name
}

// checkName checks the name as Kubernetes does for each kind.
func checkName(c check) {
	valid := apivalidation.NameIsDNSSubdomain
	switch {
	case c.o.gvk.Group == "rbac.authorization.k8s.io":
		valid = path.ValidatePathSegmentName
	case c.o.gvk.Group != "":
	case c.o.Kind == "Service":
		valid = apivalidation.NameIsDNS1035Label
	case c.o.Kind == "Namespace":
		valid = apivalidation.NameIsDNSLabel
	}
	name := c.o.meta.Name
	if faults := valid(name, false); name != "" && len(faults) > 0 {
		c.reject(metadata.Child("name"), "%q is not a valid name: %s", name, shortReason(faults))
	}
	const longest = 52 // a CronJob's Jobs add 11 characters to a label of 63
	if c.o.gvk.Group == "batch" && c.o.Kind == "CronJob" && len(name) > longest {
		c.reject(metadata.Child("name"), "has %d characters; the name of a CronJob may have at most %d", len(name), longest)
	}
}

// checkServerFields implements the rule server-fields. It accepts status and
// creationTimestamp: null, which are common in generated files and harmless.
func checkServerFields(c check) {
	m := c.o.meta
	for _, f := range []struct {
		name, why string
		set       bool
	}{
		{"generateName", "would create a new object with each sync: set metadata.name instead", m.GenerateName != ""},
		{"ownerReferences", "refers to another object by a uid of one cluster: remove it", len(m.OwnerReferences) > 0},
		{"finalizers", "would block the deletion of the staging: remove it", len(m.Finalizers) > 0},
		{"uid", "is set by the cluster: remove it", m.UID != ""},
		{"resourceVersion", "is set by the cluster and makes every sync except the first fail: remove it", m.ResourceVersion != ""},
		{"managedFields", "is set by the cluster: remove it", len(m.ManagedFields) > 0},
		{"deletionTimestamp", "is set by the cluster: remove it", m.DeletionTimestamp != nil},
	} {
		if f.set {
			c.reject(metadata.Child(f.name), "%s", f.why)
		}
	}
}

// checkDuplicates implements the rule duplicate. It ignores the API version: the
// cluster stores one object for all versions of a kind.
func checkDuplicates(c check, objects []*object) {
	type key struct{ group, kind, namespace, name string }
	seen := make(map[key]bool, len(objects))
	for _, o := range objects {
		if !o.isCheckable() || o.meta.Name == "" {
			continue
		}
		k := key{o.gvk.Group, o.Kind, o.meta.Namespace, o.meta.Name}
		if seen[k] {
			c.o = o
			c.reject(nil, "is rendered twice: remove or rename one")
		}
		seen[k] = true
	}
}
