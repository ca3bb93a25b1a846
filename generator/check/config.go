package check

import (
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func checkConfigMap(c check, m *corev1.ConfigMap) {
	checkKeys(c, sortedKeys(m.Data), "data")
	checkKeys(c, sortedKeys(m.BinaryData), "binaryData")
	size := 0
	for _, value := range m.Data {
		size += len(value)
	}
	for _, key := range sortedKeys(m.BinaryData) {
		size += len(m.BinaryData[key])
		if _, twice := m.Data[key]; twice {
			c.reject(field.NewPath("binaryData").Key(key), "is also in data: keep one")
		}
	}
	if size > corev1.MaxSecretSize { // the same limit applies to a ConfigMap
		c.reject(field.NewPath("data"), "holds %d bytes, at most %d are allowed", size, corev1.MaxSecretSize)
	}
}

// checkKeys checks the keys of a ConfigMap or Secret, which become file names.
func checkKeys(c check, keys []string, name string) {
	for _, key := range keys {
		if faults := validation.IsConfigMapKey(key); len(faults) > 0 {
			c.reject(field.NewPath(name).Key(truncate(key)), "is not a valid key: %s", shortReason(faults))
		}
	}
}

func checkVolumeClaim(c check, s *corev1.PersistentVolumeClaimSpec, path *field.Path) {
	if len(s.AccessModes) == 0 {
		c.reject(path.Child("accessModes"), "is missing: write ReadWriteOnce, or what the volume needs")
	}
	for i, mode := range s.AccessModes {
		oneOf(c, mode, path.Child("accessModes").Index(i), corev1.ReadWriteOnce, corev1.ReadOnlyMany, corev1.ReadWriteMany, corev1.ReadWriteOncePod)
	}
	if s.VolumeMode != nil {
		oneOf(c, *s.VolumeMode, path.Child("volumeMode"), corev1.PersistentVolumeFilesystem, corev1.PersistentVolumeBlock)
	}
	storage := path.Child("resources", "requests").Key("storage")
	if size, ok := s.Resources.Requests[corev1.ResourceStorage]; ok {
		positive(c, size, storage)
	} else {
		c.reject(storage, "is missing: set the size of the volume")
	}
}

func checkQuota(c check, q *corev1.ResourceQuota) {
	for _, name := range sortedKeys(q.Spec.Hard) {
		if size := q.Spec.Hard[corev1.ResourceName(name)]; size.Sign() < 0 {
			c.reject(spec.Child("hard").Key(name), "is %s, must not be negative", size.String())
		}
		if faults := validation.IsQualifiedName(name); len(faults) > 0 {
			c.reject(spec.Child("hard").Key(name), "is not a resource: %s", shortReason(faults))
		}
	}
}

func checkLimitRange(c check, l *corev1.LimitRange) {
	for i, limit := range l.Spec.Limits {
		at := spec.Child("limits").Index(i).Child("type")
		c.required(string(limit.Type), at)
		if strings.Contains(string(limit.Type), "/") {
			continue // a type of an extension: openshift.io/Image
		}
		oneOf(c, limit.Type, at, corev1.LimitTypePod, corev1.LimitTypeContainer, corev1.LimitTypePersistentVolumeClaim)
	}
}

// checkAutoscaler checks the fields that all versions of a HorizontalPodAutoscaler share.
func checkAutoscaler(c check, kind, name string, least *int32, most int32) {
	c.required(kind, spec.Child("scaleTargetRef", "kind"))
	c.required(name, spec.Child("scaleTargetRef", "name"))
	atLeast(c, least, 0, spec.Child("minReplicas"))
	switch {
	case most < 1:
		c.reject(spec.Child("maxReplicas"), "is %d, must be at least 1", most)
	case least != nil && *least > most:
		c.reject(spec.Child("minReplicas"), "is %d, more than maxReplicas %d", *least, most)
	}
}

func checkMetrics(c check, h *autoscalingv2.HorizontalPodAutoscaler) {
	for i, m := range h.Spec.Metrics {
		at := spec.Child("metrics").Index(i)
		c.required(string(m.Type), at.Child("type"))
		oneOf(c, m.Type, at.Child("type"), autoscalingv2.ResourceMetricSourceType, autoscalingv2.ContainerResourceMetricSourceType,
			autoscalingv2.PodsMetricSourceType, autoscalingv2.ObjectMetricSourceType, autoscalingv2.ExternalMetricSourceType)
		if m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource == nil {
			c.reject(at.Child("resource"), "is missing")
		}
	}
}

func checkDisruptionBudget(c check, b *policyv1.PodDisruptionBudget) {
	if b.Spec.MinAvailable != nil && b.Spec.MaxUnavailable != nil {
		c.reject(spec.Child("maxUnavailable"), "and minAvailable are both set: keep one")
	}
}

func checkRole(c check, r *rbacv1.Role) {
	for i, rule := range r.Rules {
		at := field.NewPath("rules").Index(i)
		if len(rule.Verbs) == 0 {
			c.reject(at.Child("verbs"), "is missing")
		}
		if len(rule.NonResourceURLs) > 0 {
			c.reject(at.Child("nonResourceURLs"), "belongs to a ClusterRole: remove it")
			continue
		}
		if len(rule.APIGroups) == 0 {
			c.reject(at.Child("apiGroups"), `is missing: write [""] for the core group`)
		}
		if len(rule.Resources) == 0 {
			c.reject(at.Child("resources"), "is missing")
		}
	}
}

func checkBinding(c check, b *rbacv1.RoleBinding) {
	ref := field.NewPath("roleRef")
	c.required(b.RoleRef.Kind, ref.Child("kind"))
	oneOf(c, b.RoleRef.Kind, ref.Child("kind"), "Role", "ClusterRole")
	c.required(b.RoleRef.Name, ref.Child("name"))
	for i, s := range b.Subjects {
		at := field.NewPath("subjects").Index(i)
		c.required(s.Kind, at.Child("kind"))
		oneOf(c, s.Kind, at.Child("kind"), rbacv1.ServiceAccountKind, rbacv1.UserKind, rbacv1.GroupKind)
		c.required(s.Name, at.Child("name"))
		if s.Kind == rbacv1.ServiceAccountKind {
			c.required(s.Namespace, at.Child("namespace"))
		}
	}
}
