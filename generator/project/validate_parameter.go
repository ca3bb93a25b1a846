package project

import (
	"regexp"
	"strings"

	"octopod/generator/staging"
)

// settingName is what kubelet accepts as the name of an environment variable
// from a ConfigMap, and what reads well as scope.key.
var settingName = regexp.MustCompile(`^[-._a-zA-Z][-._a-zA-Z0-9]*$`)

func (p *Project) checkParameter(c *problems, field, name string, parameter Parameter) {
	if !settingName.MatchString(name) {
		c.add(field, "%q is no parameter name: use letters, digits, dots, dashes and underscores", name)
	}
	if parameter.Scope != ScopeApp && parameter.Scope != ScopeDeployment {
		c.add(field+".scope", "%q is no scope: write app or deployment", parameter.Scope)
	}
	checkRole(c, field+".role", parameter.Role)
	if !parameter.checkDeclaredType(c, field) {
		return
	}
	for _, value := range parameter.Allowed {
		plain := parameter
		plain.Allowed = nil
		c.addError(field+".allowed", plain.Check(value))
	}
	if parameter.Default != nil {
		c.addError(field+".default", parameter.Check(parameter.Default))
	}
	p.checkTo(c, field+".to", parameter)
}

// checkDeclaredType tells whether type, bounds and pattern make sense together,
// so that values may be checked against them.
func (p Parameter) checkDeclaredType(c *problems, field string) bool {
	before := len(*c)
	switch p.Type {
	case TypeString, TypeInteger, TypeBoolean, TypeSecret:
	case TypeEnum:
		if len(p.Allowed) == 0 {
			c.add(field+".allowed", "is empty: an enum lists its values here")
		}
	default:
		c.add(field+".type", "%q is no type: write string, integer, boolean, enum or secret-reference", p.Type)
	}
	if (p.Min != nil || p.Max != nil) && p.Type != TypeInteger {
		c.add(field, "min and max are for type integer")
	}
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		c.add(field+".min", "%d is greater than max %d", *p.Min, *p.Max)
	}
	if p.Pattern != "" {
		if _, err := regexp.Compile(p.Pattern); err != nil {
			c.add(field+".pattern", "is no regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		} else if p.Type != TypeString {
			c.add(field+".pattern", "is for type string")
		}
	}
	return len(*c) == before
}

func (p *Project) checkTo(c *problems, field string, parameter Parameter) {
	to := parameter.To
	if to.targets() > 1 {
		c.add(field, "names several targets: a parameter has one of env, image, replicas, component, patch")
		return
	}
	if p.Spec.Engine == EngineJsonnet && !to.isEnv() {
		c.add(field, "is for engine kustomize: a jsonnet template finds the value in its params")
		return
	}
	switch {
	case to.Env != "" && parameter.Scope == ScopeDeployment:
		c.add(field+".env", "is for scope app: a deployment setting is not read by the application")
	case to.Replicas != "" && parameter.Type != TypeInteger:
		c.add(field+".replicas", "needs type integer")
	case to.Component != nil:
		checkComponents(c, field+".component", parameter)
	case to.Patch != nil:
		checkPointer(c, field+".patch.pointer", to.Patch.Pointer)
		if to.Patch.Kind == "" {
			c.add(field+".patch.kind", "is empty: write for example Deployment")
		}
	case parameter.Type == TypeSecret && p.Spec.Engine == EngineKustomize:
		c.add(field, "is empty: say with patch which secretKeyRef the reference goes to")
	}
}

// checkComponents: each allowed value names a component or "" for none.
func checkComponents(c *problems, field string, parameter Parameter) {
	for _, value := range parameter.Allowed {
		if _, ok := parameter.To.Component[staging.FormatValue(value)]; !ok {
			c.add(field, "says nothing for the allowed value %q: name a component, or \"\" for none", staging.FormatValue(value))
		}
	}
	for _, value := range sortedKeys(parameter.To.Component) {
		if dir := parameter.To.Component[value]; dir != "" {
			checkPath(c, field+"."+value, dir)
		}
	}
}

// checkPointer refuses what is no RFC 6901 pointer into an object.
func checkPointer(c *problems, field, pointer string) {
	if !strings.HasPrefix(pointer, "/") {
		c.add(field, "%q is no JSON pointer: write /spec/replicas", pointer)
	}
}
