package check

import (
	"net"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkFixedAddress implements the rule fixed-address.
func checkFixedAddress(c check) {
	switch o := c.o.typed.(type) {
	case *corev1.Service:
		c.rejectAddress(o.Spec.ClusterIP, spec.Child("clusterIP"))
		for i, ip := range o.Spec.ClusterIPs {
			c.rejectAddress(ip, spec.Child("clusterIPs").Index(i))
		}
		if port := o.Spec.HealthCheckNodePort; port != 0 {
			c.reject(spec.Child("healthCheckNodePort"), "is %d, which only one staging can have: remove it, and Kubernetes assigns one", port)
		}
	case *corev1.PersistentVolumeClaim:
		c.rejectVolume(o.Spec.VolumeName, spec)
	case *appsv1.StatefulSet:
		for i := range o.Spec.VolumeClaimTemplates {
			c.rejectVolume(o.Spec.VolumeClaimTemplates[i].Spec.VolumeName, spec.Child("volumeClaimTemplates").Index(i).Child("spec"))
		}
	}
}

func (c check) rejectAddress(ip string, path *field.Path) {
	if net.ParseIP(ip) != nil { // the rule schema rejects other text
		c.reject(path, "is %s, which only one staging can have: remove it, and Kubernetes assigns one", truncate(ip))
	}
}

func (c check) rejectVolume(name string, spec *field.Path) {
	if name != "" {
		c.reject(spec.Child("volumeName"), "is %s, which only one staging can have: remove it, and the storage class makes a volume for each", truncate(name))
	}
}
