package check

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkVolumes returns the names that a container may mount.
func checkVolumes(c check, volumes []corev1.Volume, path *field.Path) []string {
	names, seen := make([]string, 0, len(volumes)), unique{}
	for i := range volumes {
		v, at := &volumes[i], path.Index(i)
		c.label(v.Name, at.Child("name"))
		seen.add(c, v.Name, at.Child("name"))
		names = append(names, v.Name)
		if n := countSources(&v.VolumeSource); n > 1 {
			c.reject(at, "volume %s has %d sources, must have one", v.Name, n)
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

// countSources counts the sources of a volume; 0 means an emptyDir.
func countSources(s *corev1.VolumeSource) int {
	n := 0
	for v, i := reflect.ValueOf(s).Elem(), 0; i < v.NumField(); i++ {
		if !v.Field(i).IsNil() {
			n++
		}
	}
	return n
}

// checkMounts requires that every mount has a volume and its own path.
func checkMounts(c check, ctr container, volumes []string) {
	places := unique{}
	for i, m := range ctr.VolumeMounts {
		at := ctr.path.Child("volumeMounts").Index(i)
		if c.required(m.Name, at.Child("name")) && !slices.Contains(volumes, m.Name) && !slices.Contains(volumes, "") {
			c.reject(at.Child("name"), "the pod has no volume %s; %s", m.Name, availableNames(volumes))
		}
		c.required(m.MountPath, at.Child("mountPath"))
		places.add(c, m.MountPath, at.Child("mountPath"))
		if m.MountPropagation != nil {
			oneOf(c, *m.MountPropagation, at.Child("mountPropagation"), corev1.MountPropagationNone, corev1.MountPropagationHostToContainer, corev1.MountPropagationBidirectional)
		}
		if m.SubPath != "" && !isInside(m.SubPath) {
			c.reject(at.Child("subPath"), "%q must be a path inside the volume", truncate(m.SubPath))
		}
	}
	for i, d := range ctr.VolumeDevices {
		if at := ctr.path.Child("volumeDevices").Index(i).Child("name"); !slices.Contains(volumes, d.Name) {
			c.reject(at, "the pod has no volume %s; %s", d.Name, availableNames(volumes))
		}
	}
}

// isInside reports whether a path is relative and stays inside its directory.
func isInside(path string) bool {
	return !strings.HasPrefix(path, "/") && !slices.Contains(strings.Split(path, "/"), "..")
}
