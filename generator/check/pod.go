package check

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkPod checks a pod or pod template; restart lists the allowed restart policies.
func checkPod(c check, p podRef, restart []corev1.RestartPolicy) {
	path := p.specPath()
	if p.path != nil {
		checkMeta(c, p.meta, p.path.Child("metadata"))
	}
	if restart == nil {
		restart = []corev1.RestartPolicy{corev1.RestartPolicyAlways, corev1.RestartPolicyOnFailure, corev1.RestartPolicyNever}
	}
	oneOf(c, p.spec.RestartPolicy, path.Child("restartPolicy"), restart...)
	oneOf(c, p.spec.DNSPolicy, path.Child("dnsPolicy"), corev1.DNSClusterFirst, corev1.DNSClusterFirstWithHostNet, corev1.DNSDefault, corev1.DNSNone)
	atLeast(c, p.spec.TerminationGracePeriodSeconds, 0, path.Child("terminationGracePeriodSeconds"))
	atLeast(c, p.spec.ActiveDeadlineSeconds, 1, path.Child("activeDeadlineSeconds"))
	checkLabels(c, p.spec.NodeSelector, path.Child("nodeSelector"))
	for i, s := range p.spec.ImagePullSecrets {
		c.required(s.Name, path.Child("imagePullSecrets").Index(i).Child("name"))
	}
	checkTolerations(c, p.spec.Tolerations, path.Child("tolerations"))
	volumes := checkVolumes(c, p.spec.Volumes, path.Child("volumes"))
	volumes = append(volumes, p.claims...)
	if len(p.spec.Containers) == 0 {
		c.reject(path.Child("containers"), "is missing: a pod needs a container")
	}
	names := unique{}
	for _, ctr := range p.containers() {
		c.label(ctr.Name, ctr.path.Child("name"))
		names.add(c, ctr.Name, ctr.path.Child("name"))
		checkContainer(c, ctr, volumes)
	}
}

func checkTolerations(c check, tolerations []corev1.Toleration, path *field.Path) {
	for i, t := range tolerations {
		at := path.Index(i)
		oneOf(c, t.Operator, at.Child("operator"), corev1.TolerationOpEqual, corev1.TolerationOpExists)
		oneOf(c, t.Effect, at.Child("effect"), corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)
		if t.Operator == corev1.TolerationOpExists && t.Value != "" {
			c.reject(at.Child("value"), "has no meaning with operator Exists: remove it")
		}
	}
}
