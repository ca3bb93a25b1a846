package check

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/staging"
)

// Paths of the fields that most rules check.
var (
	metadata = field.NewPath("metadata")
	spec     = field.NewPath("spec")
)

// object is a rendered object, decoded once for all rules.
type object struct {
	staging.Object
	gvk    schema.GroupVersionKind
	err    error              // the JSON is not an object
	typed  runtime.Object     // built-in kinds; nil for others
	raw    map[string]any     // custom kinds, and objects that do not fit their type; nil for others
	meta   *metav1.ObjectMeta // not nil if err is nil
	faults []fault            // found by strict decoding
	pods   []podRef
}

// fault is one mismatch between a value and its type.
type fault struct{ field, message string }

// isCheckable reports whether the rules can check an object. A list, an API request
// and broken JSON are not checkable.
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

// podRef is a pod or a pod template.
type podRef struct {
	meta    *metav1.ObjectMeta
	spec    *corev1.PodSpec
	path    *field.Path // of the pod template; nil for a Pod
	claims  []string    // volumes from volumeClaimTemplates
	foreign bool        // from a custom kind, whose schema is unknown
}

func (p podRef) specPath() *field.Path {
	if p.path == nil {
		return field.NewPath("spec")
	}
	return p.path.Child("spec")
}

// container is a container of a pod with its path.
type container struct {
	*corev1.Container
	path *field.Path
	init bool
}

// containers returns the init, main and ephemeral containers in this order.
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
		// Both structs have the same fields; client-go converts them the same way.
		c := corev1.Container(p.spec.EphemeralContainers[i].EphemeralContainerCommon)
		all = append(all, container{&c, spec.Child("ephemeralContainers").Index(i), false})
	}
	return all
}
