package check

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkMeta checks labels and annotations.
func checkMeta(c check, m *metav1.ObjectMeta, path *field.Path) {
	checkLabels(c, m.Labels, path.Child("labels"))
	size := 0
	for _, key := range sortedKeys(m.Annotations) {
		size += len(key) + len(m.Annotations[key])
		if faults := validation.IsQualifiedName(strings.ToLower(key)); len(faults) > 0 {
			c.reject(path.Child("annotations").Key(key), "is not a valid key: %s", shortReason(faults))
		}
	}
	const most = 256 << 10 // TotalAnnotationSizeLimitB of Kubernetes
	if size > most {
		c.reject(path.Child("annotations"), "hold %d bytes, at most %d are allowed", size, most)
	}
}

func checkLabels(c check, labels map[string]string, path *field.Path) {
	for _, key := range sortedKeys(labels) {
		if faults := validation.IsQualifiedName(key); len(faults) > 0 {
			c.reject(path.Key(key), "is not a valid key: %s", shortReason(faults))
		}
		if faults := validation.IsValidLabelValue(labels[key]); len(faults) > 0 {
			c.reject(path.Key(key), "%q is not a valid value: %s", truncate(labels[key]), shortReason(faults))
		}
	}
}
