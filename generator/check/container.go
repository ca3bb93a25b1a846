package check

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func checkContainer(c check, ctr container, volumes []string) {
	if image := ctr.path.Child("image"); c.required(ctr.Image, image) && strings.ContainsAny(ctr.Image, " \t\r\n") {
		c.reject(image, "%q contains a space", truncate(ctr.Image))
	}
	oneOf(c, ctr.ImagePullPolicy, ctr.path.Child("imagePullPolicy"), corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
	oneOf(c, ctr.TerminationMessagePolicy, ctr.path.Child("terminationMessagePolicy"), corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)
	checkContainerPorts(c, ctr)
	checkEnv(c, ctr)
	checkResources(c, &ctr.Resources, ctr.path.Child("resources"))
	checkMounts(c, ctr, volumes)
	checkProbes(c, ctr)
	if policy := ctr.RestartPolicy; policy != nil {
		if !ctr.init {
			c.reject(ctr.path.Child("restartPolicy"), "is for init containers only: remove it")
		}
		oneOf(c, *policy, ctr.path.Child("restartPolicy"), corev1.ContainerRestartPolicyAlways)
	}
}

func checkContainerPorts(c check, ctr container) {
	names := unique{}
	for i, p := range ctr.Ports {
		at := ctr.path.Child("ports").Index(i)
		between(c, p.ContainerPort, 1, 65535, at.Child("containerPort"))
		between(c, p.HostPort, 0, 65535, at.Child("hostPort"))
		protocol(c, p.Protocol, at)
		if p.Name != "" {
			portName(c, p.Name, at.Child("name"))
			names.add(c, p.Name, at.Child("name"))
		}
	}
}

func checkEnv(c check, ctr container) {
	for i := range ctr.Env {
		e, at := &ctr.Env[i], ctr.path.Child("env").Index(i)
		if c.required(e.Name, at.Child("name")) && strings.Contains(e.Name, "=") {
			c.reject(at.Child("name"), "%q contains \"=\"", truncate(e.Name))
		}
		if e.ValueFrom != nil {
			checkEnvSource(c, e, at.Child("valueFrom"))
		}
	}
	for i, e := range ctr.EnvFrom {
		at := ctr.path.Child("envFrom").Index(i)
		switch {
		case (e.ConfigMapRef == nil) == (e.SecretRef == nil):
			c.reject(at, "needs either a configMapRef or a secretRef")
		case e.ConfigMapRef != nil:
			c.required(e.ConfigMapRef.Name, at.Child("configMapRef", "name"))
		default:
			c.required(e.SecretRef.Name, at.Child("secretRef", "name"))
		}
	}
}

func checkEnvSource(c check, e *corev1.EnvVar, path *field.Path) {
	s, n := e.ValueFrom, 0
	if s.FieldRef != nil {
		n++
		c.required(s.FieldRef.FieldPath, path.Child("fieldRef", "fieldPath"))
	}
	if s.ResourceFieldRef != nil {
		n++
		c.required(s.ResourceFieldRef.Resource, path.Child("resourceFieldRef", "resource"))
	}
	if s.ConfigMapKeyRef != nil {
		n++
		c.required(s.ConfigMapKeyRef.Name, path.Child("configMapKeyRef", "name"))
		c.required(s.ConfigMapKeyRef.Key, path.Child("configMapKeyRef", "key"))
	}
	if s.SecretKeyRef != nil {
		n++
		c.required(s.SecretKeyRef.Name, path.Child("secretKeyRef", "name"))
		c.required(s.SecretKeyRef.Key, path.Child("secretKeyRef", "key"))
	}
	switch {
	case n != 1:
		c.reject(path, "of %s has %d sources, must have one", e.Name, n)
	case e.Value != "":
		c.reject(path, "and value are both set for %s: keep one", e.Name)
	}
}

// checkResources rejects misspelled resources, as Kubernetes does, and requests
// above their limit.
func checkResources(c check, r *corev1.ResourceRequirements, path *field.Path) {
	for _, group := range []struct {
		name string
		list corev1.ResourceList
	}{{"requests", r.Requests}, {"limits", r.Limits}} {
		for _, name := range sortedKeys(group.list) {
			at := path.Child(group.name).Key(name)
			resourceName(c, name, at)
			quantity := group.list[corev1.ResourceName(name)]
			if quantity.Sign() < 0 {
				c.reject(at, "is %s, must not be negative", quantity.String())
			}
			if limit, ok := r.Limits[corev1.ResourceName(name)]; ok && group.name == "requests" && quantity.Cmp(limit) > 0 {
				c.reject(at, "is %s, more than its limit of %s", quantity.String(), limit.String())
			}
		}
	}
}

func resourceName(c check, name string, path *field.Path) {
	known := []string{"cpu", "memory", "ephemeral-storage"}
	if slices.Contains(known, name) || strings.Contains(name, "/") || strings.HasPrefix(name, "hugepages-") {
		return
	}
	c.reject(path, "%s is not a container resource; use %s, or one with a domain, like nvidia.com/gpu", truncate(name), join(known))
}

func checkProbes(c check, ctr container) {
	checkProbe(c, ctr, ctr.LivenessProbe, "livenessProbe")
	checkProbe(c, ctr, ctr.ReadinessProbe, "readinessProbe")
	checkProbe(c, ctr, ctr.StartupProbe, "startupProbe")
	if l := ctr.Lifecycle; l != nil {
		checkHook(c, ctr, l.PostStart, "postStart")
		checkHook(c, ctr, l.PreStop, "preStop")
	}
}

func checkProbe(c check, ctr container, p *corev1.Probe, name string) {
	if p == nil {
		return
	}
	at := ctr.path.Child(name)
	checkHandlers(c, ctr, at, p.Exec, p.HTTPGet, p.TCPSocket, p.GRPC != nil)
	if p.GRPC != nil {
		between(c, p.GRPC.Port, 1, 65535, at.Child("grpc", "port"))
	}
	for _, n := range []struct {
		name  string
		value int32
	}{
		{"initialDelaySeconds", p.InitialDelaySeconds}, {"timeoutSeconds", p.TimeoutSeconds}, {"periodSeconds", p.PeriodSeconds},
		{"successThreshold", p.SuccessThreshold}, {"failureThreshold", p.FailureThreshold},
	} {
		if n.value < 0 {
			c.reject(at.Child(n.name), "is %d, must not be negative", n.value)
		}
	}
	if p.SuccessThreshold > 1 && name != "readinessProbe" {
		c.reject(at.Child("successThreshold"), "is %d, must be 1 for a %s", p.SuccessThreshold, name)
	}
}

func checkHook(c check, ctr container, h *corev1.LifecycleHandler, name string) {
	if h != nil {
		checkHandlers(c, ctr, ctr.path.Child("lifecycle", name), h.Exec, h.HTTPGet, h.TCPSocket, h.Sleep != nil)
	}
}

// checkHandlers requires exactly one handler.
func checkHandlers(c check, ctr container, at *field.Path, exec *corev1.ExecAction, get *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction, other bool) {
	n := 0
	for _, set := range []bool{exec != nil, get != nil, tcp != nil, other} {
		if set {
			n++
		}
	}
	if n != 1 {
		c.reject(at, "has %d handlers, must have one: exec, httpGet, tcpSocket or grpc", n)
	}
	if exec != nil && len(exec.Command) == 0 {
		c.reject(at.Child("exec", "command"), "is missing")
	}
	if get != nil {
		oneOf(c, get.Scheme, at.Child("httpGet", "scheme"), corev1.URISchemeHTTP, corev1.URISchemeHTTPS)
		checkHandlerPort(c, ctr, get.Port, at.Child("httpGet", "port"))
	}
	if tcp != nil {
		checkHandlerPort(c, ctr, tcp.Port, at.Child("tcpSocket", "port"))
	}
}

// checkHandlerPort also rejects a port name that the container does not have:
// Kubernetes accepts it, and then every probe fails.
func checkHandlerPort(c check, ctr container, port intstr.IntOrString, path *field.Path) {
	if port.Type == intstr.Int {
		between(c, port.IntVal, 1, 65535, path)
		return
	}
	var names []string
	for _, p := range ctr.Ports {
		if p.Name == port.StrVal {
			return
		}
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	c.reject(path, "container %s has no port named %q; %s", ctr.Name, truncate(port.StrVal), availableNames(names))
}
