package check

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// checkHostPath implements the rule host-path.
func checkHostPath(c check) {
	for _, pod := range c.o.pods {
		for i := range pod.spec.Volumes {
			if v := &pod.spec.Volumes[i]; v.HostPath != nil {
				c.reject(pod.specPath().Child("volumes").Index(i).Child("hostPath"),
					"volume %s is %s of the node: use an emptyDir, a PersistentVolumeClaim or a ConfigMap", v.Name, v.HostPath.Path)
			}
		}
	}
	if pv, ok := c.o.typed.(*corev1.PersistentVolume); ok {
		if pv.Spec.HostPath != nil {
			c.reject(field.NewPath("spec", "hostPath"), "is %s of the node", pv.Spec.HostPath.Path)
		}
		if pv.Spec.Local != nil {
			c.reject(field.NewPath("spec", "local"), "is %s of the node", pv.Spec.Local.Path)
		}
	}
}

// baselineCapabilities are the capabilities that a container may add under the
// baseline of the Pod Security Standards.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#baseline
var baselineCapabilities = []corev1.Capability{
	"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
	"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}

// checkPrivileged implements the rule privileged.
func checkPrivileged(c check) {
	for _, pod := range c.o.pods {
		spec := pod.specPath()
		if pod.spec.HostPID {
			c.reject(spec.Child("hostPID"), "gives the pod access to every process of the node: remove it")
		}
		if pod.spec.HostIPC {
			c.reject(spec.Child("hostIPC"), "gives the pod access to the shared memory of the node: remove it")
		}
		if s := pod.spec.SecurityContext; s != nil && s.WindowsOptions != nil {
			checkHostProcess(c, s.WindowsOptions, spec.Child("securityContext"))
		}
		for _, ctr := range pod.containers() {
			if ctr.SecurityContext != nil {
				checkContainerRights(c, ctr.Name, ctr.SecurityContext, ctr.path.Child("securityContext"))
			}
		}
	}
}

func checkContainerRights(c check, name string, s *corev1.SecurityContext, path *field.Path) {
	if s.Privileged != nil && *s.Privileged {
		c.reject(path.Child("privileged"), "gives container %s root access to the node: remove it", name)
	}
	if s.AllowPrivilegeEscalation != nil && *s.AllowPrivilegeEscalation {
		c.reject(path.Child("allowPrivilegeEscalation"), "lets container %s gain privileges: set it to false", name)
	}
	if s.Capabilities != nil {
		for i, capability := range s.Capabilities.Add {
			if !slices.Contains(baselineCapabilities, capability) {
				c.reject(path.Child("capabilities", "add").Index(i), "%s of container %s is beyond the baseline: remove it", capability, name)
			}
		}
	}
	if s.ProcMount != nil && *s.ProcMount == corev1.UnmaskedProcMount {
		c.reject(path.Child("procMount"), "gives container %s access to /proc of the node: remove it", name)
	}
	if s.WindowsOptions != nil {
		checkHostProcess(c, s.WindowsOptions, path)
	}
}

func checkHostProcess(c check, w *corev1.WindowsSecurityContextOptions, path *field.Path) {
	if w.HostProcess != nil && *w.HostProcess {
		c.reject(path.Child("windowsOptions", "hostProcess"), "runs the container on the node itself: remove it")
	}
}

// checkHostNetwork implements the rule host-network.
func checkHostNetwork(c check) {
	for _, pod := range c.o.pods {
		if pod.spec.HostNetwork {
			c.reject(pod.specPath().Child("hostNetwork"), "puts the pod into the node's network: remove it")
		}
		for _, ctr := range pod.containers() {
			for i, port := range ctr.Ports {
				if port.HostPort != 0 {
					c.reject(ctr.path.Child("ports").Index(i).Child("hostPort"), "binds port %d of the node to container %s: use a Service", port.HostPort, ctr.Name)
				}
			}
		}
	}
}

// checkLoadBalancer implements the rule load-balancer.
func checkLoadBalancer(c check) {
	s, ok := c.o.typed.(*corev1.Service)
	if !ok {
		return
	}
	if s.Spec.Type == corev1.ServiceTypeLoadBalancer {
		c.reject(field.NewPath("spec", "type"), "is LoadBalancer, must be ClusterIP: reach the service through an Ingress")
	}
	if len(s.Spec.ExternalIPs) > 0 { // of any address, including another service's: CVE-2020-8554
		c.reject(field.NewPath("spec", "externalIPs"), "receives the traffic to %s: remove it", join(s.Spec.ExternalIPs))
	}
}

// checkNodePort implements the rule node-port.
func checkNodePort(c check) {
	if s, ok := c.o.typed.(*corev1.Service); ok && s.Spec.Type == corev1.ServiceTypeNodePort {
		c.reject(field.NewPath("spec", "type"), "is NodePort, must be ClusterIP: reach the service through an Ingress")
	}
}

// checkRoleBinding implements the rule role-binding.
func checkRoleBinding(c check) {
	b, ok := c.o.typed.(*rbacv1.RoleBinding)
	if !ok {
		return
	}
	own := c.subject.Namespace
	for i, s := range b.Subjects {
		at := field.NewPath("subjects").Index(i)
		switch {
		case s.Kind == rbacv1.ServiceAccountKind && s.Namespace != "" && s.Namespace != own:
			c.reject(at.Child("namespace"), "grants permissions to %s of namespace %s: only the staging's own %s is allowed", s.Name, s.Namespace, own)
		case s.Kind == rbacv1.GroupKind && strings.HasPrefix(s.Name, "system:") && s.Name != "system:serviceaccounts:"+own:
			c.reject(at.Child("name"), "grants permissions to the group %s, which has members outside the staging: name service accounts", s.Name)
		}
	}
}
