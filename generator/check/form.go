package check

import (
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkForm holds the rule well-formed.
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
		c.reject(field.NewPath("kind"), "is a list of objects: render each item as an object of its own")
	case o.typed != nil && !hasMeta(o):
		c.reject(field.NewPath("kind"), "%s is no object that a cluster keeps", o.Kind)
	case len(o.faults) == 0 && o.identity() != o.APIVersion+" "+o.String():
		c.reject(nil, "is announced as %s %s, but its JSON is %s", o.APIVersion, o.Object, o.identity())
	case o.meta.Name == "" && o.meta.GenerateName == "":
		c.reject(metadata.Child("name"), "is missing")
	default:
		checkName(c)
	}
}

// identity names an object by what its JSON holds.
func (o *object) identity() string {
	apiVersion, kind := asString(o.raw["apiVersion"]), asString(o.raw["kind"])
	if o.typed != nil {
		apiVersion, kind = o.typed.GetObjectKind().GroupVersionKind().ToAPIVersionAndKind()
	}
	return apiVersion + " " + kind + "/" + o.meta.Name
}

// checkName asks for the form that Kubernetes wants of each kind's names.
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
		c.reject(metadata.Child("name"), "%q is no valid name: %s", name, shortReason(faults))
	}
	const longest = 52 // a CronJob's Jobs add 11 characters to a label of 63
	if c.o.gvk.Group == "batch" && c.o.Kind == "CronJob" && len(name) > longest {
		c.reject(metadata.Child("name"), "has %d characters, a CronJob's name at most %d", len(name), longest)
	}
}

// checkServerFields holds the rule server-fields. creationTimestamp: null and
// status are common in generated files and harmless.
func checkServerFields(c check) {
	m := c.o.meta
	for _, f := range []struct {
		name, why string
		set       bool
	}{
		{"generateName", "would make a new object with each sync: give it a name", m.GenerateName != ""},
		{"ownerReferences", "names another object by an id of one cluster: remove it", len(m.OwnerReferences) > 0},
		{"finalizers", "would keep the staging from being deleted: remove it", len(m.Finalizers) > 0},
		{"uid", "is given by the cluster: remove it", m.UID != ""},
		{"resourceVersion", "is given by the cluster and makes every sync but the first fail: remove it", m.ResourceVersion != ""},
		{"managedFields", "is kept by the cluster: remove it", len(m.ManagedFields) > 0},
		{"deletionTimestamp", "is given by the cluster: remove it", m.DeletionTimestamp != nil},
	} {
		if f.set {
			c.reject(metadata.Child(f.name), "%s", f.why)
		}
	}
}

// checkDuplicates holds the rule duplicate. The API version does not tell two
// objects apart: the cluster keeps one, whatever version it is read in.
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
			c.reject(nil, "is rendered twice: keep one, or give one another name")
		}
		seen[k] = true
	}
}
