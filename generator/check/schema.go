package check

import (
	"cmp"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/project/strictyaml"
)

var spec = field.NewPath("spec")

// checkSchema holds the rule schema. When the form is wrong, the values are
// left alone: a misspelled field would be reported as a missing one, too.
func checkSchema(c check) {
	if _, gone := removalOf(c.o); gone {
		return
	}
	for _, f := range c.o.faults {
		c.badAt(f.field, "%s", f.message)
	}
	switch {
	case len(c.o.faults) > 0:
	case c.o.typed == nil:
		checkMeta(c, c.o.meta, metadata)
		checkKnown(c)
	default:
		checkMeta(c, c.o.meta, metadata)
		checkValues(c)
	}
}

// checkValues knows the kinds whose values are judged.
func checkValues(c check) {
	switch o := c.o.typed.(type) {
	case *corev1.Pod:
		checkPod(c, c.o.pods[0], nil)
	case *appsv1.Deployment:
		checkDeployment(c, o)
	case *appsv1.StatefulSet:
		checkStatefulSet(c, o)
	case *appsv1.DaemonSet:
		checkDaemonSet(c, o)
	case *appsv1.ReplicaSet:
		checkReplicaSet(c, o)
	case *batchv1.Job:
		checkJob(c, &o.Spec, spec)
	case *batchv1.CronJob:
		checkCronJob(c, o)
	case *corev1.Service:
		checkService(c, o)
	case *networkingv1.Ingress:
		checkIngress(c, o)
	case *networkingv1.NetworkPolicy:
		checkNetworkPolicy(c, o)
	default:
		checkPlainValues(c)
	}
}

// checkPlainValues knows the kinds that run nothing.
func checkPlainValues(c check) {
	switch o := c.o.typed.(type) {
	case *corev1.ConfigMap:
		checkConfigMap(c, o)
	case *corev1.Secret:
		checkKeys(c, sorted(o.Data), "data")
		checkKeys(c, sorted(o.StringData), "stringData")
	case *corev1.PersistentVolumeClaim:
		checkClaim(c, &o.Spec, spec)
	case *corev1.ResourceQuota:
		checkQuota(c, o)
	case *corev1.LimitRange:
		checkLimitRange(c, o)
	case *autoscalingv1.HorizontalPodAutoscaler:
		checkScaler(c, o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name, o.Spec.MinReplicas, o.Spec.MaxReplicas)
	case *autoscalingv2.HorizontalPodAutoscaler:
		checkScaler(c, o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name, o.Spec.MinReplicas, o.Spec.MaxReplicas)
		checkMetrics(c, o)
	case *policyv1.PodDisruptionBudget:
		checkBudget(c, o)
	case *rbacv1.Role:
		checkRole(c, o)
	case *rbacv1.RoleBinding:
		checkBinding(c, o)
	}
}

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

// why shortens the words of apimachinery: the regular expressions behind them
// help nobody.
func why(faults []string) string {
	short, _, _ := strings.Cut(faults[0], " (e.g.")
	return short
}

// required refuses an empty value.
func (c check) required(value string, path *field.Path) bool {
	if value == "" {
		c.bad(path, "is missing")
	}
	return value != ""
}

// label refuses what is no DNS label: the form of container and volume names.
func (c check) label(value string, path *field.Path) {
	if !c.required(value, path) {
		return
	}
	if faults := validation.IsDNS1123Label(value); len(faults) > 0 {
		c.bad(path, "%q is no valid name: %s", clip(value), why(faults))
	}
}

// between refuses a number outside a range.
func between[N cmp.Ordered](c check, value, least, most N, path *field.Path) {
	if value < least || value > most {
		c.bad(path, "is %v, must be between %v and %v", value, least, most)
	}
}

// atLeast refuses a number that is set and too small.
func atLeast[N cmp.Ordered](c check, value *N, least N, path *field.Path) {
	if value != nil && *value < least {
		c.bad(path, "is %v, must be at least %v", *value, least)
	}
}

// oneOf refuses a value that is set and not allowed.
func oneOf[S ~string](c check, value S, path *field.Path, allowed ...S) {
	if value == "" || slices.Contains(allowed, value) {
		return
	}
	known := make([]string, len(allowed))
	for i, s := range allowed {
		known[i] = string(s)
	}
	hint := ""
	if near := strictyaml.Closest(string(value), known); near != "" {
		hint = "; did you mean " + near + "?"
	}
	c.bad(path, "is %s, must be one of %s%s", clip(string(value)), words(known), hint)
}

// unique refuses the second of two equal values.
type unique map[string]bool

func (u unique) add(c check, value string, path *field.Path) {
	if value != "" && u[value] {
		c.bad(path, "%s is used twice", value)
	}
	u[value] = true
}
