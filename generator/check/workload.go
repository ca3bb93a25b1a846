package check

import (
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// restartAlways is the only restart policy for pods of a Deployment and the like.
var restartAlways = []corev1.RestartPolicy{corev1.RestartPolicyAlways}

func checkDeployment(c check, d *appsv1.Deployment) {
	atLeast(c, d.Spec.Replicas, 0, spec.Child("replicas"))
	checkSelector(c, d.Spec.Selector, d.Spec.Template.Labels)
	checkPod(c, c.o.pods[0], restartAlways)
	strategy := spec.Child("strategy")
	oneOf(c, d.Spec.Strategy.Type, strategy.Child("type"), appsv1.RollingUpdateDeploymentStrategyType, appsv1.RecreateDeploymentStrategyType)
	update := d.Spec.Strategy.RollingUpdate
	switch {
	case update == nil:
	case d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType:
		c.reject(strategy.Child("rollingUpdate"), "has no meaning with type Recreate: remove it")
	case isZero(update.MaxSurge) && isZero(update.MaxUnavailable):
		c.reject(strategy.Child("rollingUpdate", "maxUnavailable"), "and maxSurge are both 0: no pod could be replaced")
	}
}

// isZero reports whether a number or percentage is set to zero.
func isZero(v *intstr.IntOrString) bool {
	if v == nil {
		return false
	}
	return v.Type == intstr.Int && v.IntVal == 0 || v.Type == intstr.String && strings.TrimSuffix(v.StrVal, "%") == "0"
}

func checkStatefulSet(c check, s *appsv1.StatefulSet) {
	atLeast(c, s.Spec.Replicas, 0, spec.Child("replicas"))
	checkSelector(c, s.Spec.Selector, s.Spec.Template.Labels)
	checkPod(c, c.o.pods[0], restartAlways)
	oneOf(c, s.Spec.PodManagementPolicy, spec.Child("podManagementPolicy"), appsv1.OrderedReadyPodManagement, appsv1.ParallelPodManagement)
	oneOf(c, s.Spec.UpdateStrategy.Type, spec.Child("updateStrategy", "type"), appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType)
	names := unique{}
	for i := range s.Spec.VolumeClaimTemplates {
		at, claim := spec.Child("volumeClaimTemplates").Index(i), &s.Spec.VolumeClaimTemplates[i]
		c.label(claim.Name, at.Child("metadata", "name"))
		names.add(c, claim.Name, at.Child("metadata", "name"))
		checkVolumeClaim(c, &claim.Spec, at.Child("spec"))
	}
}

func checkDaemonSet(c check, d *appsv1.DaemonSet) {
	checkSelector(c, d.Spec.Selector, d.Spec.Template.Labels)
	checkPod(c, c.o.pods[0], restartAlways)
	oneOf(c, d.Spec.UpdateStrategy.Type, spec.Child("updateStrategy", "type"), appsv1.RollingUpdateDaemonSetStrategyType, appsv1.OnDeleteDaemonSetStrategyType)
}

func checkReplicaSet(c check, r *appsv1.ReplicaSet) {
	atLeast(c, r.Spec.Replicas, 0, spec.Child("replicas"))
	checkSelector(c, r.Spec.Selector, r.Spec.Template.Labels)
	checkPod(c, c.o.pods[0], restartAlways)
}

// checkSelector requires that the selector matches the pod template.
func checkSelector(c check, selector *metav1.LabelSelector, pod map[string]string) {
	path := spec.Child("selector")
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		c.reject(path, "is missing: name the labels of the pod template")
		return
	}
	checkLabels(c, selector.MatchLabels, path.Child("matchLabels"))
	matches, err := metav1.LabelSelectorAsSelector(selector)
	switch {
	case err != nil:
		c.reject(path, "cannot be used: %v", err)
	case !matches.Matches(labels.Set(pod)):
		c.reject(path, "(%s) does not match the labels of the pod template (%s): the workload would not find its pods", matches, labels.Set(pod))
	}
}

// checkJob checks the spec of a Job or of a CronJob's Jobs.
func checkJob(c check, j *batchv1.JobSpec, path *field.Path) {
	atLeast(c, j.Parallelism, 0, path.Child("parallelism"))
	atLeast(c, j.Completions, 0, path.Child("completions"))
	atLeast(c, j.BackoffLimit, 0, path.Child("backoffLimit"))
	atLeast(c, j.ActiveDeadlineSeconds, 0, path.Child("activeDeadlineSeconds"))
	atLeast(c, j.TTLSecondsAfterFinished, 0, path.Child("ttlSecondsAfterFinished"))
	if j.CompletionMode != nil {
		oneOf(c, *j.CompletionMode, path.Child("completionMode"), batchv1.NonIndexedCompletion, batchv1.IndexedCompletion)
	}
	if j.Selector != nil && (j.ManualSelector == nil || !*j.ManualSelector) {
		c.reject(path.Child("selector"), "is set by the cluster: remove it")
	}
	// The default of a pod is Always, which a Job may not have.
	if j.Template.Spec.RestartPolicy == "" {
		c.reject(path.Child("template", "spec", "restartPolicy"), "is missing: a Job needs OnFailure or Never")
	}
	checkPod(c, c.o.pods[0], []corev1.RestartPolicy{corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever})
}

func checkCronJob(c check, j *batchv1.CronJob) {
	if c.required(j.Spec.Schedule, spec.Child("schedule")) {
		if why := scheduleFault(j.Spec.Schedule); why != "" {
			c.reject(spec.Child("schedule"), "%q %s", truncate(j.Spec.Schedule), why)
		}
	}
	oneOf(c, j.Spec.ConcurrencyPolicy, spec.Child("concurrencyPolicy"), batchv1.AllowConcurrent, batchv1.ForbidConcurrent, batchv1.ReplaceConcurrent)
	atLeast(c, j.Spec.SuccessfulJobsHistoryLimit, 0, spec.Child("successfulJobsHistoryLimit"))
	atLeast(c, j.Spec.FailedJobsHistoryLimit, 0, spec.Child("failedJobsHistoryLimit"))
	atLeast(c, j.Spec.StartingDeadlineSeconds, 0, spec.Child("startingDeadlineSeconds"))
	checkJob(c, &j.Spec.JobTemplate.Spec, spec.Child("jobTemplate", "spec"))
}
