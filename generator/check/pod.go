package check

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkPod judges a pod or template; restart lists the policies its owner allows.
func checkPod(c check, p podSite, restart []corev1.RestartPolicy) {
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
		c.bad(path.Child("containers"), "is missing: a pod needs a container")
	}
	names := unique{}
	for _, each := range p.containers() {
		c.label(each.Name, each.path.Child("name"))
		names.add(c, each.Name, each.path.Child("name"))
		checkContainer(c, each, volumes)
	}
}

func checkTolerations(c check, tolerations []corev1.Toleration, path *field.Path) {
	for i, t := range tolerations {
		at := path.Index(i)
		oneOf(c, t.Operator, at.Child("operator"), corev1.TolerationOpEqual, corev1.TolerationOpExists)
		oneOf(c, t.Effect, at.Child("effect"), corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)
		if t.Operator == corev1.TolerationOpExists && t.Value != "" {
			c.bad(at.Child("value"), "has no meaning with operator Exists: remove it")
		}
	}
}

// checkVolumes gives the names that a container may mount.
func checkVolumes(c check, volumes []corev1.Volume, path *field.Path) []string {
	names, seen := make([]string, 0, len(volumes)), unique{}
	for i := range volumes {
		v, at := &volumes[i], path.Index(i)
		c.label(v.Name, at.Child("name"))
		seen.add(c, v.Name, at.Child("name"))
		names = append(names, v.Name)
		if n := sources(&v.VolumeSource); n > 1 {
			c.bad(at, "volume %s has %d sources, must have one", v.Name, n)
		}
		switch {
		case v.PersistentVolumeClaim != nil:
			c.required(v.PersistentVolumeClaim.ClaimName, at.Child("persistentVolumeClaim", "claimName"))
		case v.ConfigMap != nil:
			c.required(v.ConfigMap.Name, at.Child("configMap", "name"))
		case v.Secret != nil:
			c.required(v.Secret.SecretName, at.Child("secret", "secretName"))
		case v.HostPath != nil:
			c.required(v.HostPath.Path, at.Child("hostPath", "path"))
		case v.CSI != nil:
			c.required(v.CSI.Driver, at.Child("csi", "driver"))
		case v.EmptyDir != nil && !strings.HasPrefix(string(v.EmptyDir.Medium), string(corev1.StorageMediumHugePagesPrefix)):
			oneOf(c, v.EmptyDir.Medium, at.Child("emptyDir", "medium"), corev1.StorageMediumMemory, corev1.StorageMediumHugePages)
		}
	}
	return names
}

// sources counts what a volume comes from; none at all means an emptyDir.
func sources(s *corev1.VolumeSource) int {
	n := 0
	for v, i := reflect.ValueOf(s).Elem(), 0; i < v.NumField(); i++ {
		if !v.Field(i).IsNil() {
			n++
		}
	}
	return n
}

// checkMounts asks that every mount has a volume and a place of its own.
func checkMounts(c check, each container, volumes []string) {
	places := unique{}
	for i, m := range each.VolumeMounts {
		at := each.path.Child("volumeMounts").Index(i)
		if c.required(m.Name, at.Child("name")) && !slices.Contains(volumes, m.Name) && !slices.Contains(volumes, "") {
			c.bad(at.Child("name"), "the pod has no volume %s; %s", m.Name, thereAre(volumes))
		}
		c.required(m.MountPath, at.Child("mountPath"))
		places.add(c, m.MountPath, at.Child("mountPath"))
		if m.MountPropagation != nil {
			oneOf(c, *m.MountPropagation, at.Child("mountPropagation"), corev1.MountPropagationNone, corev1.MountPropagationHostToContainer, corev1.MountPropagationBidirectional)
		}
		if m.SubPath != "" && !inside(m.SubPath) {
			c.bad(at.Child("subPath"), "%q must be a path inside the volume", clip(m.SubPath))
		}
	}
	for i, d := range each.VolumeDevices {
		if at := each.path.Child("volumeDevices").Index(i).Child("name"); !slices.Contains(volumes, d.Name) {
			c.bad(at, "the pod has no volume %s; %s", d.Name, thereAre(volumes))
		}
	}
}

func thereAre(names []string) string {
	if len(names) == 0 {
		return "there is none"
	}
	return "there are " + words(names)
}
