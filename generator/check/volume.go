package check

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

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

// inside tells a relative path that stays inside its directory.
func inside(path string) bool {
	return !strings.HasPrefix(path, "/") && !slices.Contains(strings.Split(path, "/"), "..")
}
