package project

import (
	"fmt"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// SecretReference is the reference to a stored secret that is the value of a parameter
// somewhere. It does not contain the secret.
type SecretReference struct {
	Name string // stripe/api-key
	// Locations: "default", "preset payments-production", then names of stagings.
	UsedIn []string
}

// maxLocations is the number of locations that UsedInText lists.
const maxLocations = 3

// UsedInText formats the locations of a reference.
func (r SecretReference) UsedInText() string {
	if len(r.UsedIn) <= maxLocations {
		return strings.Join(r.UsedIn, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(r.UsedIn[:maxLocations], ", "), len(r.UsedIn)-maxLocations)
}

// TakesSecretReference reports whether the value of a parameter is a reference to any
// stored secret.
func (p Parameter) TakesSecretReference() bool { return p.Type == TypeSecret && len(p.Allowed) == 0 }

// SecretReferences lists the references that a parameter has by default, in presets and
// in stagings, sorted by name. It does not check that the secrets exist in the cluster.
func (p *Project) SecretReferences(name string, among []staging.Staging) []SecretReference {
	parameter := p.Spec.Parameters[name]
	if !parameter.TakesSecretReference() {
		return nil
	}
	places := map[string][]string{}
	note := func(value any, place string) {
		if reference, ok := value.(string); ok && parameter.Check(reference) == nil {
			places[reference] = append(places[reference], place)
		}
	}
	note(parameter.Default, "default")
	for _, preset := range sortedKeys(p.Spec.Presets) {
		value, _ := valueOf(p.Spec.Presets[preset].Overrides, name)
		note(value, "preset "+preset)
	}
	for _, s := range among {
		value, _ := valueOf(s.Spec.Overrides, name)
		note(value, s.Name)
	}
	known := make([]SecretReference, 0, len(places))
	for _, reference := range sortedKeys(places) {
		known = append(known, SecretReference{reference, places[reference]})
	}
	return known
}

// rejectSecret returns an error for a new value that is a secret, by its form or by the
// name of its parameter. Values that are recorded already stay valid. The error holds no
// part of the value.
func (p Parameter) rejectSecret(name string, value any) error {
	text, ok := value.(string)
	if !ok || text == "" || slices.Contains([]Type{TypeSecret, TypeEnum, TypeDecimal, TypeDuration}, p.Type) {
		return nil
	}
	const way = "secrets never go into git: declare the parameter as secret-reference, and set SECRET/KEY"
	if what, yes := staging.DetectSecret(text); yes {
		return fmt.Errorf("looks like %s; %s", what, way)
	}
	if staging.NamesSecret(name) || p.goesTo(func(t Target) bool { return staging.NamesSecret(t.Env) }) {
		return fmt.Errorf("is a secret by its name; %s", way)
	}
	return nil
}

// CheckRestored returns an error for each secret that a restored record has and that the
// present one has not. current may be nil.
func (p *Project) CheckRestored(current *staging.Staging, restored staging.Staging) error {
	c := problems{}
	was := staging.Overrides{}
	if current != nil {
		was = current.Spec.Overrides
	}
	for _, values := range []struct{ was, is staging.Values }{
		{was.App, restored.Spec.Overrides.App}, {was.Deployment, restored.Spec.Overrides.Deployment},
	} {
		for _, name := range sortedKeys(values.is) {
			parameter, declared := p.Spec.Parameters[name]
			if before, set := values.was[name]; declared && (!set || before != values.is[name]) {
				c.addError(name, parameter.rejectSecret(name, values.is[name]))
			}
		}
	}
	return staging.Invalid("the old version holds secrets", c)
}
