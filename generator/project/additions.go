package project

import "octopod/generator/staging"

// additions returns what the project adds to the template of a staging; nil for nothing.
func (p *Project) additions(name string) *staging.Additions {
	h, namespace := p.Spec.Hygiene, p.Namespace(name)
	a := staging.Additions{NamespaceLabels: map[string]string{}, IngressAnnotations: map[string]string{}, Objects: []any{}}
	for _, s := range p.Spec.Secrets {
		a.Wanted = append(a.Wanted, s.added())
	}
	if h.PodSecurity != "" {
		a.NamespaceLabels["pod-security.kubernetes.io/enforce"] = h.PodSecurity
	}
	switch h.Controller {
	case Nginx:
		h.addNginx(&a, namespace)
	case Traefik:
		h.addTraefik(&a, namespace)
	}
	if h.Network.Isolate {
		a.Wanted = append(a.Wanted, h.Network.policy())
	}
	if !h.Limits.isZero() {
		a.Wanted = append(a.Wanted, h.Limits.object())
	}
	if len(a.Wanted)+len(a.NamespaceLabels)+len(a.IngressAnnotations) == 0 {
		return nil
	}
	return &a
}
