package project

import (
	"fmt"
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
