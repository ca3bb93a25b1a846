package project

import (
	"fmt"
	"slices"

	"octopod/generator/staging"
)

// Trial is a variant of a staging that octopod.yaml allows. Lint renders each one, so
// that a fault shows before a user chooses the variant.
type Trial struct {
	Field   string // of octopod.yaml, which a failure is about
	What    string // for people: PAYMENT_GATEWAY=production, preset big, an archived staging
	Staging staging.Staging

	Parameter string // whose value the trial changes, or ""
	Value     any    // of the parameter
	Invented  bool   // the value fits the type, but no user has to choose one like it
}

// Trials returns the variants of a plain staging: every parameter with other values
// than the plain one, every preset, and the staging archived and deleted.
func (p *Project) Trials(plain staging.Staging) []Trial {
	var trials []Trial
	for _, name := range p.ParameterNames() {
		parameter, value := p.Spec.Parameters[name], p.InheritedSetting(plain, name).Value
		for _, other := range parameter.otherValues(value, p.conditionsOn(name)...) {
			trials = append(trials, Trial{
				Field: parameter.fieldOf(name, other.value), What: name + "=" + staging.FormatValue(other.value),
				Staging: p.GrantChosen(p.WithSetting(plain, name, other.value)), Parameter: name, Value: other.value, Invented: other.invented,
			})
		}
	}
	for _, name := range sortedKeys(p.Spec.Presets) {
		s := plain.Clone()
		s.Spec.Presets, s.Spec.Overrides = []string{name}, staging.Overrides{}
		trials = append(trials, Trial{Field: "spec.presets." + name, What: "preset " + name, Staging: p.GrantChosen(p.WithRequired(s))})
	}
	archived := plain.Clone()
	archived.Spec.State = staging.Archived
	trials = append(trials, Trial{Field: "spec.lifecycle.archive", What: "an archived staging", Staging: archived})
	if p.Spec.Lifecycle.Teardown != "" && p.Spec.Engine == EngineKustomize {
		deleting := plain.Clone()
		deleting.Spec.State = staging.Deleting
		trials = append(trials, Trial{Field: "spec.lifecycle.teardown", What: "a staging that is being deleted", Staging: deleting})
	}
	return trials
}

// WithSetting returns a trial staging with another value of one parameter, and of the parameters
// that it requires.
func (p *Project) WithSetting(s staging.Staging, name string, value any) staging.Staging {
	return p.WithRequired(p.withValue(s, name, value))
}

func (p *Project) withValue(s staging.Staging, name string, value any) staging.Staging {
	s = s.Clone()
	values := &s.Spec.Overrides.App
	if p.Spec.Parameters[name].Scope == ScopeDeployment {
		values = &s.Spec.Overrides.Deployment
	}
	*values = ownedValues(*values)
	(*values)[name] = value
	return s
}

// fieldOf returns the field of a parameter that decides the effect of a value.
func (p Parameter) fieldOf(name string, value any) string {
	field := "spec.parameters." + name
	if p.To.Component != nil {
		return fmt.Sprintf("%s.to.component.%s", field, staging.FormatValue(value))
	}
	_, place := p.target(name, 0)
	return field + place
}

// otherValue is a value of a parameter.
type otherValue struct {
	value    any
	invented bool
}

// mostTrials is the number of values of one parameter that lint tries.
const mostTrials = 30

// otherValues returns values that a parameter may have instead of the present one:
// the natural ones, every allowed value and every value with a component, or else one or two that fit
// its type.
func (p Parameter) otherValues(present any, natural ...any) []otherValue {
	var others []otherValue
	add := func(value any, invented bool) {
		fits := value != present && len(others) < mostTrials && p.Check(value) == nil
		for _, other := range others {
			fits = fits && other.value != value
		}
		if fits {
			others = append(others, otherValue{value, invented})
		}
	}
	for _, value := range append(natural, p.Allowed...) {
		add(value, false)
	}
	for _, to := range p.targets() {
		for _, text := range sortedKeys(to.Component) {
			if value, err := p.Parse(text); err == nil {
				add(value, false)
			}
		}
	}
	if len(others) > 0 {
		return others
	}
	for _, value := range p.inventedValues(present) {
		add(value, !slices.Contains([]Type{TypeBoolean, TypeInteger, TypeDecimal, TypeDuration}, p.Type))
	}
	enough := 1
	if present == nil {
		enough = 2 // the template may have the first one already
	}
	return others[:min(len(others), enough)]
}

// inventedValues returns candidates for a value, the most natural ones first.
func (p Parameter) inventedValues(present any) []any {
	switch p.Type {
	case TypeBoolean:
		return []any{true, false}
	case TypeInteger:
		return p.integers(present)
	case TypeDecimal:
		return p.decimals()
	case TypeDuration:
		return []any{"90s", "3m"}
	case TypeSecret:
		return []any{"octopod-trial/key", "octopod-trial/password"}
	}
	if p.goesTo(func(t Target) bool { return t.Image != "" }) {
		return []any{"registry.example.com/octopod/trial:1", "registry.example.com/octopod/trial:2"}
	}
	candidates := []any{}
	if text, ok := present.(string); ok {
		candidates = append(candidates, raiseDigits(text))
	}
	candidates = append(candidates, "octopod-trial", "octopod-trial-2", "trial", "1")
	return append(candidates, sampleOf(p.Pattern)...)
}

// decimals returns numbers within the bounds.
func (p Parameter) decimals() []any {
	candidates := []any{"0.5", "1.5"}
	for _, n := range p.integers(nil) {
		candidates = append(candidates, fmt.Sprintf("%v.5", n), fmt.Sprint(n))
	}
	return candidates
}

// integers returns numbers near the present one and near the bounds.
func (p Parameter) integers(present any) []any {
	candidates := []any{}
	if n, ok := present.(int); ok {
		candidates = append(candidates, n+1, n-1)
	}
	candidates = append(candidates, 2, 3)
	if p.Min != nil {
		candidates = append(candidates, *p.Min+1, *p.Min)
	}
	if p.Max != nil {
		candidates = append(candidates, *p.Max, *p.Max-1)
	}
	return append(candidates, 1, 0)
}
