package check

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkMeta judges labels and annotations.
func checkMeta(c check, m *metav1.ObjectMeta, path *field.Path) {
	checkLabels(c, m.Labels, path.Child("labels"))
	size := 0
	for _, key := range sorted(m.Annotations) {
		size += len(key) + len(m.Annotations[key])
		if faults := validation.IsQualifiedName(strings.ToLower(key)); len(faults) > 0 {
			c.bad(path.Child("annotations").Key(key), "is no valid key: %s", why(faults))
		}
	}
	const most = 256 << 10 // TotalAnnotationSizeLimitB of Kubernetes
	if size > most {
		c.bad(path.Child("annotations"), "hold %d bytes, at most %d are allowed", size, most)
	}
}

func checkLabels(c check, labels map[string]string, path *field.Path) {
	for _, key := range sorted(labels) {
		if faults := validation.IsQualifiedName(key); len(faults) > 0 {
			c.bad(path.Key(key), "is no valid key: %s", why(faults))
		}
		if faults := validation.IsValidLabelValue(labels[key]); len(faults) > 0 {
			c.bad(path.Key(key), "%q is no valid value: %s", clip(labels[key]), why(faults))
		}
	}
}
