package check

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func checkContainer(c check, each container, volumes []string) {
	if image := each.path.Child("image"); c.required(each.Image, image) && strings.ContainsAny(each.Image, " \t\r\n") {
		c.bad(image, "%q has a space in it", clip(each.Image))
	}
	oneOf(c, each.ImagePullPolicy, each.path.Child("imagePullPolicy"), corev1.PullAlways, corev1.PullIfNotPresent, corev1.PullNever)
	oneOf(c, each.TerminationMessagePolicy, each.path.Child("terminationMessagePolicy"), corev1.TerminationMessageReadFile, corev1.TerminationMessageFallbackToLogsOnError)
	checkContainerPorts(c, each)
	checkEnv(c, each)
	checkResources(c, &each.Resources, each.path.Child("resources"))
	checkMounts(c, each, volumes)
	checkProbes(c, each)
	if policy := each.RestartPolicy; policy != nil {
		if !each.init {
			c.bad(each.path.Child("restartPolicy"), "is for init containers only: remove it")
		}
		oneOf(c, *policy, each.path.Child("restartPolicy"), corev1.ContainerRestartPolicyAlways)
	}
}

func checkContainerPorts(c check, each container) {
	names := unique{}
	for i, p := range each.Ports {
		at := each.path.Child("ports").Index(i)
		between(c, p.ContainerPort, 1, 65535, at.Child("containerPort"))
		between(c, p.HostPort, 0, 65535, at.Child("hostPort"))
		protocol(c, p.Protocol, at)
		if p.Name != "" {
			portName(c, p.Name, at.Child("name"))
			names.add(c, p.Name, at.Child("name"))
		}
	}
}

func checkEnv(c check, each container) {
	for i := range each.Env {
		e, at := &each.Env[i], each.path.Child("env").Index(i)
		if c.required(e.Name, at.Child("name")) && strings.Contains(e.Name, "=") {
			c.bad(at.Child("name"), "%q has a = in it", clip(e.Name))
		}
		if e.ValueFrom != nil {
			checkEnvSource(c, e, at.Child("valueFrom"))
		}
	}
	for i, e := range each.EnvFrom {
		at := each.path.Child("envFrom").Index(i)
		switch {
		case (e.ConfigMapRef == nil) == (e.SecretRef == nil):
			c.bad(at, "needs either a configMapRef or a secretRef")
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
		c.bad(path, "of %s has %d sources, must have one", e.Name, n)
	case e.Value != "":
		c.bad(path, "and value are both set for %s: keep one", e.Name)
	}
}

// checkResources catches misspelled resources, which Kubernetes refuses, and
// requests above their limit.
func checkResources(c check, r *corev1.ResourceRequirements, path *field.Path) {
	for _, group := range []struct {
		name string
		list corev1.ResourceList
	}{{"requests", r.Requests}, {"limits", r.Limits}} {
		for _, name := range sorted(group.list) {
			at := path.Child(group.name).Key(name)
			resourceName(c, name, at)
			quantity := group.list[corev1.ResourceName(name)]
			if quantity.Sign() < 0 {
				c.bad(at, "is %s, must not be negative", quantity.String())
			}
			if limit, ok := r.Limits[corev1.ResourceName(name)]; ok && group.name == "requests" && quantity.Cmp(limit) > 0 {
				c.bad(at, "is %s, more than its limit of %s", quantity.String(), limit.String())
			}
		}
	}
}

func resourceName(c check, name string, path *field.Path) {
	known := []string{"cpu", "memory", "ephemeral-storage"}
	if slices.Contains(known, name) || strings.Contains(name, "/") || strings.HasPrefix(name, "hugepages-") {
		return
	}
	c.bad(path, "%s is no resource of a container; there are %s, and others with a domain, like nvidia.com/gpu", clip(name), words(known))
}

func checkProbes(c check, each container) {
	checkProbe(c, each, each.LivenessProbe, "livenessProbe")
	checkProbe(c, each, each.ReadinessProbe, "readinessProbe")
	checkProbe(c, each, each.StartupProbe, "startupProbe")
	if l := each.Lifecycle; l != nil {
		checkHook(c, each, l.PostStart, "postStart")
		checkHook(c, each, l.PreStop, "preStop")
	}
}

func checkProbe(c check, each container, p *corev1.Probe, name string) {
	if p == nil {
		return
	}
	at := each.path.Child(name)
	checkHandlers(c, each, at, p.Exec, p.HTTPGet, p.TCPSocket, p.GRPC != nil)
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
			c.bad(at.Child(n.name), "is %d, must not be negative", n.value)
		}
	}
	if p.SuccessThreshold > 1 && name != "readinessProbe" {
		c.bad(at.Child("successThreshold"), "is %d, must be 1 for a %s", p.SuccessThreshold, name)
	}
}

func checkHook(c check, each container, h *corev1.LifecycleHandler, name string) {
	if h != nil {
		checkHandlers(c, each, each.path.Child("lifecycle", name), h.Exec, h.HTTPGet, h.TCPSocket, h.Sleep != nil)
	}
}

// checkHandlers asks for exactly one way to ask a container.
func checkHandlers(c check, each container, at *field.Path, exec *corev1.ExecAction, get *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction, other bool) {
	n := 0
	for _, set := range []bool{exec != nil, get != nil, tcp != nil, other} {
		if set {
			n++
		}
	}
	if n != 1 {
		c.bad(at, "has %d handlers, must have one: exec, httpGet, tcpSocket or grpc", n)
	}
	if exec != nil && len(exec.Command) == 0 {
		c.bad(at.Child("exec", "command"), "is missing")
	}
	if get != nil {
		oneOf(c, get.Scheme, at.Child("httpGet", "scheme"), corev1.URISchemeHTTP, corev1.URISchemeHTTPS)
		checkHandlerPort(c, each, get.Port, at.Child("httpGet", "port"))
	}
	if tcp != nil {
		checkHandlerPort(c, each, tcp.Port, at.Child("tcpSocket", "port"))
	}
}

// checkHandlerPort also refuses the name of a port that the container does not
// have: Kubernetes takes it, and then no probe ever succeeds.
func checkHandlerPort(c check, each container, port intstr.IntOrString, path *field.Path) {
	if port.Type == intstr.Int {
		between(c, port.IntVal, 1, 65535, path)
		return
	}
	var names []string
	for _, p := range each.Ports {
		if p.Name == port.StrVal {
			return
		}
		if p.Name != "" {
			names = append(names, p.Name)
		}
	}
	c.bad(path, "container %s has no port named %q; %s", each.Name, clip(port.StrVal), thereAre(names))
}
