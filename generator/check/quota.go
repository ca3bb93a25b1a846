package check

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// checkFitsQuota implements the rule quota: everything that runs at the same time must fit
// into the ResourceQuota of the staging. Jobs end, so they do not count.
func checkFitsQuota(c check, set []*object) {
	defaults := limitsOf(set)
	for _, o := range set {
		quota, ok := o.typed.(*corev1.ResourceQuota)
		if !ok || len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
			continue
		}
		at := check{c.report, o, c.rule}
		for _, name := range sortedKeys(quota.Spec.Hard) {
			hard := quota.Spec.Hard[corev1.ResourceName(name)]
			if hard.Sign() < 0 {
				continue // the rule schema rejects it
			}
			if needed, parts := needs(set, name, defaults); needed.Cmp(hard) > 0 {
				at.reject(spec.Child("hard").Key(name), "is %s, but the staging needs %s: %s. Raise spec.quota in octopod.yaml, or lower what they request",
					hard.String(), needed.String(), strings.Join(parts, ", "))
			}
		}
	}
}

// needs sums what the workloads need of a resource of a quota, and lists the parts. It is
// zero for a resource that is not known before the pods run.
func needs(set []*object, quota string, defaults corev1.LimitRangeItem) (total resource.Quantity, parts []string) {
	for _, o := range set {
		one := needOf(o, quota, defaults)
		if one.IsZero() {
			continue
		}
		total.Add(one)
		parts = append(parts, o.Kind+"/"+o.Name+" "+one.String())
	}
	return total, parts
}

// needOf returns what one object needs of a resource of a quota.
func needOf(o *object, quota string, defaults corev1.LimitRangeItem) resource.Quantity {
	if claim, ok := o.typed.(*corev1.PersistentVolumeClaim); ok {
		return claimNeed(&claim.Spec, quota)
	}
	pods := replicasOf(o)
	var one resource.Quantity
	for _, p := range o.pods {
		one = podNeed(p.spec, quota, defaults)
	}
	if set, ok := o.typed.(*appsv1.StatefulSet); ok {
		for i := range set.Spec.VolumeClaimTemplates {
			one.Add(claimNeed(&set.Spec.VolumeClaimTemplates[i].Spec, quota))
		}
	}
	one.Mul(pods)
	return one
}

// replicasOf returns the number of pods of an object that run all the time.
func replicasOf(o *object) int64 {
	replicas := func(n *int32) int64 {
		if n == nil {
			return 1
		}
		return int64(*n)
	}
	switch w := o.typed.(type) {
	case *corev1.Pod, *appsv1.DaemonSet: // at least one node
		return 1
	case *appsv1.Deployment:
		return replicas(w.Spec.Replicas)
	case *appsv1.StatefulSet:
		return replicas(w.Spec.Replicas)
	case *appsv1.ReplicaSet:
		return replicas(w.Spec.Replicas)
	}
	return 0
}

func claimNeed(claim *corev1.PersistentVolumeClaimSpec, quota string) resource.Quantity {
	switch quota {
	case "persistentvolumeclaims", "count/persistentvolumeclaims":
		return *resource.NewQuantity(1, resource.DecimalSI)
	case string(corev1.ResourceRequestsStorage):
		return claim.Resources.Requests[corev1.ResourceStorage]
	}
	return resource.Quantity{}
}

// podNeed returns what one pod needs, as Kubernetes counts it: init containers run one
// after the other, before the others.
func podNeed(pod *corev1.PodSpec, quota string, defaults corev1.LimitRangeItem) resource.Quantity {
	if quota == string(corev1.ResourcePods) || quota == "count/pods" {
		return *resource.NewQuantity(1, resource.DecimalSI)
	}
	sum, most := resource.Quantity{}, resource.Quantity{}
	for i := range pod.Containers {
		sum.Add(containerNeed(&pod.Containers[i], quota, defaults))
	}
	for i := range pod.InitContainers {
		one := containerNeed(&pod.InitContainers[i], quota, defaults)
		if always := pod.InitContainers[i].RestartPolicy; always != nil && *always == corev1.ContainerRestartPolicyAlways {
			sum.Add(one)
		} else if one.Cmp(most) > 0 {
			most = one
		}
	}
	if most.Cmp(sum) > 0 {
		sum = most
	}
	sum.Add(overhead(pod, quota))
	return sum
}

func overhead(pod *corev1.PodSpec, quota string) resource.Quantity {
	return pod.Overhead[corev1.ResourceName(strings.TrimPrefix(strings.TrimPrefix(quota, "requests."), "limits."))]
}

// containerNeed returns the request or limit of a container, with the defaults of the
// staging's LimitRange. A container with a limit alone requests its limit.
func containerNeed(ctr *corev1.Container, quota string, defaults corev1.LimitRangeItem) resource.Quantity {
	name, isLimit := strings.CutPrefix(quota, "limits.")
	name = strings.TrimPrefix(name, "requests.")
	switch corev1.ResourceName(name) {
	case corev1.ResourceCPU, corev1.ResourceMemory, corev1.ResourceEphemeralStorage:
	default:
		return resource.Quantity{}
	}
	sources := []corev1.ResourceList{ctr.Resources.Requests, ctr.Resources.Limits, defaults.DefaultRequest}
	if isLimit {
		sources = []corev1.ResourceList{ctr.Resources.Limits, defaults.Default}
	}
	for _, source := range sources {
		if q, set := source[corev1.ResourceName(name)]; set {
			return q
		}
	}
	return resource.Quantity{}
}

// limitsOf returns the defaults of containers in a set of objects.
func limitsOf(set []*object) corev1.LimitRangeItem {
	for _, o := range set {
		limits, ok := o.typed.(*corev1.LimitRange)
		if !ok {
			continue
		}
		for _, limit := range limits.Spec.Limits {
			if limit.Type == corev1.LimitTypeContainer {
				return limit
			}
		}
	}
	return corev1.LimitRangeItem{}
}
