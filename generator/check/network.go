package check

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

func checkService(c check, s *corev1.Service) {
	oneOf(c, s.Spec.Type, spec.Child("type"), corev1.ServiceTypeClusterIP, corev1.ServiceTypeNodePort, corev1.ServiceTypeLoadBalancer, corev1.ServiceTypeExternalName)
	oneOf(c, s.Spec.SessionAffinity, spec.Child("sessionAffinity"), corev1.ServiceAffinityNone, corev1.ServiceAffinityClientIP)
	oneOf(c, s.Spec.ExternalTrafficPolicy, spec.Child("externalTrafficPolicy"), corev1.ServiceExternalTrafficPolicyCluster, corev1.ServiceExternalTrafficPolicyLocal)
	checkLabels(c, s.Spec.Selector, spec.Child("selector"))
	external := s.Spec.Type == corev1.ServiceTypeExternalName
	switch {
	case external:
		c.required(s.Spec.ExternalName, spec.Child("externalName"))
	case len(s.Spec.Ports) == 0 && s.Spec.ClusterIP != corev1.ClusterIPNone:
		c.reject(spec.Child("ports"), "is missing: a Service needs a port")
	}
	if ip := s.Spec.ClusterIP; ip != "" && ip != corev1.ClusterIPNone {
		if _, err := netip.ParseAddr(ip); err != nil {
			c.reject(spec.Child("clusterIP"), "%q is neither None nor an IP address", truncate(ip))
		}
	}
	checkServicePorts(c, s)
}

func checkServicePorts(c check, s *corev1.Service) {
	names := unique{}
	seen := map[corev1.ServicePort]bool{}
	for i, p := range s.Spec.Ports {
		at := spec.Child("ports").Index(i)
		between(c, p.Port, 1, 65535, at.Child("port"))
		between(c, p.NodePort, 0, 65535, at.Child("nodePort"))
		if p.NodePort != 0 && (s.Spec.Type == "" || s.Spec.Type == corev1.ServiceTypeClusterIP) {
			c.reject(at.Child("nodePort"), "is for type NodePort: remove it")
		}
		protocol(c, p.Protocol, at)
		if p.Name != "" || len(s.Spec.Ports) > 1 {
			c.label(p.Name, at.Child("name")) // a Service with several ports needs a name for each
			names.add(c, p.Name, at.Child("name"))
		}
		switch target := p.TargetPort; {
		case target.Type == intstr.String:
			portName(c, target.StrVal, at.Child("targetPort"))
		case target.IntVal != 0:
			between(c, target.IntVal, 1, 65535, at.Child("targetPort"))
		}
		key := corev1.ServicePort{Protocol: p.Protocol, Port: p.Port}
		if key.Protocol == "" {
			key.Protocol = corev1.ProtocolTCP
		}
		if seen[key] {
			c.reject(at.Child("port"), "%d/%s is used twice", key.Port, key.Protocol)
		}
		seen[key] = true
	}
}

func checkIngress(c check, g *networkingv1.Ingress) {
	if len(g.Spec.Rules) == 0 && g.Spec.DefaultBackend == nil {
		c.reject(spec.Child("rules"), "is missing: an Ingress needs a rule")
	}
	if g.Spec.DefaultBackend != nil {
		checkBackend(c, g.Spec.DefaultBackend, spec.Child("defaultBackend"))
	}
	for i, rule := range g.Spec.Rules {
		at := spec.Child("rules").Index(i)
		if host := strings.TrimPrefix(rule.Host, "*."); host != "" {
			if faults := validation.IsDNS1123Subdomain(host); len(faults) > 0 {
				c.reject(at.Child("host"), "%q is not a host name: %s", truncate(rule.Host), shortReason(faults))
			}
		}
		if rule.HTTP == nil {
			continue
		}
		if len(rule.HTTP.Paths) == 0 {
			c.reject(at.Child("http", "paths"), "is missing")
		}
		for j := range rule.HTTP.Paths {
			checkIngressPath(c, &rule.HTTP.Paths[j], at.Child("http", "paths").Index(j))
		}
	}
}

func checkIngressPath(c check, p *networkingv1.HTTPIngressPath, at *field.Path) {
	checkBackend(c, &p.Backend, at.Child("backend"))
	if p.PathType == nil {
		c.reject(at.Child("pathType"), "is missing: write Prefix, Exact or ImplementationSpecific")
		return
	}
	oneOf(c, *p.PathType, at.Child("pathType"), networkingv1.PathTypePrefix, networkingv1.PathTypeExact, networkingv1.PathTypeImplementationSpecific)
	if *p.PathType != networkingv1.PathTypeImplementationSpecific && !strings.HasPrefix(p.Path, "/") {
		c.reject(at.Child("path"), "%q must begin with /", truncate(p.Path))
	}
}

func checkBackend(c check, b *networkingv1.IngressBackend, at *field.Path) {
	switch {
	case (b.Service == nil) == (b.Resource == nil):
		c.reject(at, "needs either a service or a resource")
	case b.Service != nil:
		c.required(b.Service.Name, at.Child("service", "name"))
		port := at.Child("service", "port")
		switch p := b.Service.Port; {
		case p.Name != "" && p.Number != 0:
			c.reject(port, "has both a name and a number: keep one")
		case p.Name != "":
			portName(c, p.Name, port.Child("name"))
		case p.Number == 0:
			c.reject(port, "is missing: write its name or number")
		default:
			between(c, p.Number, 1, 65535, port.Child("number"))
		}
	}
}

func checkNetworkPolicy(c check, p *networkingv1.NetworkPolicy) {
	for i, t := range p.Spec.PolicyTypes {
		oneOf(c, t, spec.Child("policyTypes").Index(i), networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	}
	for i, rule := range p.Spec.Ingress {
		at := spec.Child("ingress").Index(i)
		checkPeers(c, rule.From, at.Child("from"))
		checkPolicyPorts(c, rule.Ports, at.Child("ports"))
	}
	for i, rule := range p.Spec.Egress {
		at := spec.Child("egress").Index(i)
		checkPeers(c, rule.To, at.Child("to"))
		checkPolicyPorts(c, rule.Ports, at.Child("ports"))
	}
}

func checkPeers(c check, peers []networkingv1.NetworkPolicyPeer, path *field.Path) {
	for i, peer := range peers {
		at := path.Index(i)
		selects := peer.PodSelector != nil || peer.NamespaceSelector != nil
		switch {
		case selects == (peer.IPBlock != nil):
			c.reject(at, "needs either selectors or an ipBlock")
		case peer.IPBlock != nil:
			if _, err := netip.ParsePrefix(peer.IPBlock.CIDR); err != nil {
				c.reject(at.Child("ipBlock", "cidr"), "%q is not a CIDR range like 10.0.0.0/8", truncate(peer.IPBlock.CIDR))
			}
		}
	}
}

func checkPolicyPorts(c check, ports []networkingv1.NetworkPolicyPort, path *field.Path) {
	for i, p := range ports {
		if p.Protocol != nil {
			protocol(c, *p.Protocol, path.Index(i))
		}
		if p.Port != nil && p.Port.Type == intstr.Int {
			between(c, p.Port.IntVal, 1, 65535, path.Index(i).Child("port"))
		}
	}
}
