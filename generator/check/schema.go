package check

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// checkSchema implements the rule schema. It checks the values only if the fields
// are right: otherwise a misspelled field would also be reported as missing.
func checkSchema(c check) {
	if _, gone := removalOf(c.o); gone {
		return
	}
	before := len(c.problems)
	for _, f := range c.o.faults {
		c.rejectAt(f.field, "%s", f.message)
	}
	switch {
	case len(c.problems) > before:
	case c.o.typed == nil:
		checkMeta(c, c.o.meta, metadata)
		checkKnown(c)
	default:
		checkMeta(c, c.o.meta, metadata)
		checkValues(c)
	}
}

// checkValues checks the values of the kinds that run pods or route traffic.
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
		checkConfigValues(c)
	}
}

// checkConfigValues checks the values of all other kinds.
func checkConfigValues(c check) {
	switch o := c.o.typed.(type) {
	case *corev1.ConfigMap:
		checkConfigMap(c, o)
	case *corev1.Secret:
		checkKeys(c, sortedKeys(o.Data), "data")
		checkKeys(c, sortedKeys(o.StringData), "stringData")
	case *corev1.PersistentVolumeClaim:
		checkVolumeClaim(c, &o.Spec, spec)
	case *corev1.ResourceQuota:
		checkQuota(c, o)
	case *corev1.LimitRange:
		checkLimitRange(c, o)
	case *autoscalingv1.HorizontalPodAutoscaler:
		checkAutoscaler(c, o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name, o.Spec.MinReplicas, o.Spec.MaxReplicas)
	case *autoscalingv2.HorizontalPodAutoscaler:
		checkAutoscaler(c, o.Spec.ScaleTargetRef.Kind, o.Spec.ScaleTargetRef.Name, o.Spec.MinReplicas, o.Spec.MaxReplicas)
		checkMetrics(c, o)
	case *policyv1.PodDisruptionBudget:
		checkDisruptionBudget(c, o)
	case *rbacv1.Role:
		checkRole(c, o)
	case *rbacv1.RoleBinding:
		checkBinding(c, o)
	}
}
