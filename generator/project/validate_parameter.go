package project

import (
	"fmt"
	"regexp"
	"strings"

	"octopod/generator/staging"
)

// settingName matches names that kubelet accepts as environment variables from a
// ConfigMap, and that are readable as scope.key.
var settingName = regexp.MustCompile(`^[-._a-zA-Z][-._a-zA-Z0-9]*$`)

func (p *Project) checkParameter(c *problems, field, name string, parameter Parameter) {
	if !settingName.MatchString(name) {
		c.add(field, "%q is not a valid parameter name: use letters, digits, dots, dashes and underscores", name)
	}
	if parameter.Scope != ScopeApp && parameter.Scope != ScopeDeployment {
		c.add(field+".scope", "%q is not a scope: write app or deployment", parameter.Scope)
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
	for _, value := range parameter.Risky {
		c.addError(field+".risky", parameter.Check(value))
	}
	parameter.checkValues(c, field+".values")
	if parameter.Default != nil {
		c.addError(field+".default", p.checkDefault(parameter))
	}
	p.checkCondition(c, field, name, parameter)
	p.checkTo(c, field+".to", parameter, parameter.To)
	for i, to := range parameter.Also {
		at := fmt.Sprintf("%s.also[%d]", field, i)
		if to.count() == 0 {
			c.add(at, "is empty: set one of env, image, replicas, component, patch, value")
		}
		p.checkTo(c, at, parameter, to)
	}
}

// checkDeclaredType validates type, bounds and pattern, and reports whether values can
// be checked against them.
func (p Parameter) checkDeclaredType(c *problems, field string) bool {
	before := len(*c)
	switch p.Type {
	case TypeString, TypeInteger, TypeDecimal, TypeBoolean, TypeList, TypeDuration, TypeSecret:
	case TypeEnum:
		if len(p.Allowed) == 0 {
			c.add(field+".allowed", "is empty: list the values of the enum")
		}
	default:
		c.add(field+".type", "%q is not a type: write string, integer, decimal, boolean, enum, list, duration or secret-reference", p.Type)
	}
	if (p.Min != nil || p.Max != nil) && p.Type != TypeInteger && p.Type != TypeDecimal {
		c.add(field, "min and max require type integer or decimal")
	}
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		c.add(field+".min", "%d is greater than max %d", *p.Min, *p.Max)
	}
	if p.Pattern != "" {
		if _, err := regexp.Compile(p.Pattern); err != nil {
			c.add(field+".pattern", "is not a regular expression: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
		} else if p.Type != TypeString && p.Type != TypeList {
			c.add(field+".pattern", "requires type string or list")
		}
	}
	return len(*c) == before
}

func (p *Project) checkTo(c *problems, field string, parameter Parameter, to Target) {
	if to.count() > 1 {
		c.add(field, "has several targets: set one of env, image, replicas, component, patch, value, and write the others under also")
		return
	}
	if p.Spec.Engine == EngineJsonnet && !to.isEnv() {
		c.add(field, "requires engine kustomize: a jsonnet template reads the value from its params")
		return
	}
	switch {
	case to.Value != "" || to.Chart != "":
		p.checkValueTarget(c, field, parameter, to)
	case to.Env != "" && parameter.Scope == ScopeDeployment:
		c.add(field+".env", "requires scope app: the application does not read deployment settings")
	case to.Replicas != "" && parameter.Type != TypeInteger:
		c.add(field+".replicas", "requires type integer")
	case to.Component != nil:
		checkComponents(c, field+".component", parameter, to)
	case to.Patch != nil:
		to.Patch.check(c, field+".patch", parameter.Type)
		if to.Patch.Kind == "" {
			c.add(field+".patch.kind", "is empty: write, for example, Deployment")
		}
	case parameter.Type == TypeSecret && p.Spec.Engine == EngineKustomize && !parameter.goesTo(func(t Target) bool { return t.Patch != nil }):
		c.add(field, "is empty: set patch to the secretKeyRef that gets the reference")
	}
}

// checkValueTarget requires a path in the values of a chart.
func (p *Project) checkValueTarget(c *problems, field string, parameter Parameter, to Target) {
	switch {
	case !p.HasCharts():
		c.add(field+".value", "requires a Helm chart: add it under spec.helm.charts")
	case to.Value == "":
		c.add(field+".chart", "requires value: the path in the values of the chart")
	case parameter.Type == TypeSecret:
		c.add(field+".value", "is for plain values: a secret reference needs patch, to its secretKeyRef")
	case to.Chart != "" && p.Spec.Helm.Charts[p.chartOf(to)].Path != to.Chart:
		c.add(field+".chart", "%q is not the path of a chart in spec.helm.charts", to.Chart)
	default:
		checkValuePath(c, field+".value", to.Value)
	}
}

// check requires one path: a pointer, or the path to a text field.
func (t PatchTarget) check(c *problems, field string, of Type) {
	switch {
	case t.Field == "":
		checkPointer(c, field+".pointer", t.Pointer)
	case t.Pointer != "":
		c.add(field, "has both pointer and field: set one")
	case of == TypeSecret:
		c.add(field+".field", "is for text: a secret reference needs pointer, to its secretKeyRef")
	default:
		if _, err := staging.ParseFieldPath(t.Field); err != nil {
			c.add(field+".field", "%q is not a path: %s; write spec.template.spec.containers.[name=web].env.[name=LOG_LEVEL].value", t.Field, err)
		}
	}
}

// checkComponents requires a component, or "" for none, for each allowed value.
func checkComponents(c *problems, field string, parameter Parameter, to Target) {
	for _, value := range parameter.Allowed {
		if _, ok := to.Component[staging.FormatValue(value)]; !ok {
			c.add(field, "has no component for the allowed value %q: write one, or \"\" for none", staging.FormatValue(value))
		}
	}
	for _, value := range sortedKeys(to.Component) {
		if dir := to.Component[value]; dir != "" {
			checkPath(c, field+"."+value, dir)
		}
	}
}
