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
		parameter.checkUnusedValues(c, field+".values")
		for i, to := range parameter.targets() {
			parameter.checkComponentValues(c, field+placeOf(i)+".component", to)
			target, place := parameter.target(name, i)
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
}

// placeOf returns the field of the target at an index of targets.
func placeOf(i int) string {
	if i == 0 {
		return ".to"
	}
	return fmt.Sprintf(".also[%d]", i-1)
}

// LacksTarget reports whether nothing reads a parameter of scope deployment: only a
// jsonnet template reads params.
func (p *Project) LacksTarget(name string) bool {
	parameter := p.Spec.Parameters[name]
	return p.Spec.Engine == EngineKustomize && !p.isSize(name) && parameter.Scope == ScopeDeployment && !parameter.goesTo(func(t Target) bool { return !t.isEnv() })
}

// target returns the one place that a target of a parameter writes to, and its field below
// the parameter; "" if it is not a single place.
func (p Parameter) target(name string, i int) (target, place string) {
	to, at := p.targets()[i], placeOf(i)
	switch {
	case to.Replicas != "":
		return "replicas " + to.Replicas, at + ".replicas"
	case to.Image != "":
		return "image " + to.Image, at + ".image"
	case to.Component != nil:
		return "", ""
	case to.Patch != nil:
		return fmt.Sprintf("patch %s/%s %s", to.Patch.Kind, to.Patch.Name, to.Patch.Pointer+to.Patch.Field), at + ".patch"
	case to.Value != "":
		return "value " + to.Chart + " " + to.Value, at + ".value"
	case to.Env != "":
		return "env " + to.Env, at + ".env"
	case p.Scope == ScopeApp:
		return "env " + name, ""
	}
	return "", ""
}

// checkComponentValues reports components of values that the parameter cannot have.
func (p Parameter) checkComponentValues(c *problems, field string, to Target) {
	for _, text := range sortedKeys(to.Component) {
		if _, err := p.Parse(text); err != nil {
			c.add(field+"."+text, "has no effect: %s", err)
		}
	}
	if to.Component == nil || p.Type != TypeBoolean {
		return
	}
	for _, text := range []string{"true", "false"} {
		if _, ok := to.Component[text]; !ok {
			c.add(field, "has no component for %s: write one, or \"\" for none", text)
		}
	}
}
