package project

import "fmt"

// checkUnusedParameters reports parameters without a target, and targets that another
// parameter has already.
func (p *Project) checkUnusedParameters(c *problems) {
	targets := map[string]string{}
	if p.Spec.Engine == EngineKustomize {
		for _, name := range p.ServiceNames() {
			targets["image "+p.Spec.Services[name].TemplateImage] = "service " + name
		}
	}
	for _, name := range p.ParameterNames() {
		parameter, field := p.Spec.Parameters[name], "spec.parameters."+name
		if parameter.Role == RoleViewer {
			c.add(field+".role", "viewers change no settings: write user or admin")
		}
		if p.LacksTarget(name) {
			c.add(field, "has no effect: a kustomization reads no params; add to with replicas, image, component, patch or value, or write scope: app")
		}
		parameter.checkComponentValues(c, field+".to.component")
		target, place := parameter.target(name)
		if target == "" {
			continue
		}
		if other, taken := targets[target]; taken {
			c.add(field+place, "%s is already the target of %s: write another one", target, other)
			continue
		}
		targets[target] = "parameter " + name
	}
}

// LacksTarget reports whether nothing reads a parameter of scope deployment: only a
// jsonnet template reads params.
func (p *Project) LacksTarget(name string) bool {
	parameter := p.Spec.Parameters[name]
	return p.Spec.Engine == EngineKustomize && parameter.Scope == ScopeDeployment && parameter.To.isEnv()
}

// target returns the one place that a parameter writes to, and its field below the
// parameter; "" if it is not a single place.
func (p Parameter) target(name string) (target, place string) {
	switch {
	case p.To.Replicas != "":
		return "replicas " + p.To.Replicas, ".to.replicas"
	case p.To.Image != "":
		return "image " + p.To.Image, ".to.image"
	case p.To.Component != nil:
		return "", ""
	case p.To.Patch != nil:
		return fmt.Sprintf("patch %s/%s %s", p.To.Patch.Kind, p.To.Patch.Name, p.To.Patch.Pointer+p.To.Patch.Field), ".to.patch"
	case p.To.Value != "":
		return "value " + p.To.Value, ".to.value"
	case p.To.Env != "":
		return "env " + p.To.Env, ".to.env"
	case p.Scope == ScopeApp:
		return "env " + name, ""
	}
	return "", ""
}

// checkComponentValues reports components of values that the parameter cannot have.
func (p Parameter) checkComponentValues(c *problems, field string) {
	for _, text := range sortedKeys(p.To.Component) {
		if _, err := p.Parse(text); err != nil {
			c.add(field+"."+text, "has no effect: %s", err)
		}
	}
	if p.To.Component == nil || p.Type != TypeBoolean {
		return
	}
	for _, text := range []string{"true", "false"} {
		if _, ok := p.To.Component[text]; !ok {
			c.add(field, "has no component for %s: write one, or \"\" for none", text)
		}
	}
}
