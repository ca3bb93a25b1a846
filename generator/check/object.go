package check

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/staging"
)

// The paths that most rules start from.
var (
	metadata = field.NewPath("metadata")
	spec     = field.NewPath("spec")
)

// object is a rendered object, decoded once for all rules.
type object struct {
	staging.Object
	gvk    schema.GroupVersionKind
	err    error              // it is no JSON object
	typed  runtime.Object     // built-in kinds; nil for others
	raw    map[string]any     // kinds that are not built in, and what does not fit its type; nil for others
	meta   *metav1.ObjectMeta // never nil when err is
	faults []fault            // what strict decoding found
	pods   []podRef
}

// fault is one mismatch between a value and the type it should have.
type fault struct{ field, message string }

// isCheckable tells an object that can be judged further from a list, an API request
// and what is no object at all.
func (o *object) isCheckable() bool {
	return o.err == nil && o.APIVersion != "" && o.Kind != "" && (o.typed == nil || hasMeta(o) && !isList(o))
}

func isList(o *object) bool {
	_, ok := o.typed.(metav1.ListMetaAccessor)
	return ok
}

func hasMeta(o *object) bool {
	_, ok := o.typed.(metav1.ObjectMetaAccessor)
	return ok
}

// podRef is a pod or the template of one.
type podRef struct {
	meta    *metav1.ObjectMeta
	spec    *corev1.PodSpec
	path    *field.Path // where metadata and spec lie; nil for the object itself
	claims  []string    // volumes that come from volumeClaimTemplates
	foreign bool        // found in a custom kind, whose schema nobody knows
}

func (p podRef) specPath() *field.Path {
	if p.path == nil {
		return field.NewPath("spec")
	}
	return p.path.Child("spec")
}

// container is any container of a pod with the place it lies at.
type container struct {
	*corev1.Container
	path *field.Path
	init bool
}

// containers gives init, main and ephemeral containers in this order.
func (p podRef) containers() []container {
	all := make([]container, 0, len(p.spec.InitContainers)+len(p.spec.Containers))
	spec := p.specPath()
	for i := range p.spec.InitContainers {
		all = append(all, container{&p.spec.InitContainers[i], spec.Child("initContainers").Index(i), true})
	}
	for i := range p.spec.Containers {
		all = append(all, container{&p.spec.Containers[i], spec.Child("containers").Index(i), false})
	}
	for i := range p.spec.EphemeralContainers {
		// Both structs have the same fields: client-go converts them this way, too.
		c := corev1.Container(p.spec.EphemeralContainers[i].EphemeralContainerCommon)
		all = append(all, container{&c, spec.Child("ephemeralContainers").Index(i), false})
	}
	return all
}
