package project

import (
	"fmt"
	"strings"

	"octopod/generator/staging"
)

// SecretReference is a stored secret that a parameter was given somewhere. It names
// one, and is none.
type SecretReference struct {
	Name string // stripe/api-key
	// Where it stands: "default", "preset payments-production", then names of stagings.
	UsedIn []string
}

// shownPlaces is how many places of a reference are told one by one.
const shownPlaces = 3

// UsedInText says where a reference stands, in a few words.
func (r SecretReference) UsedInText() string {
	if len(r.UsedIn) <= shownPlaces {
		return strings.Join(r.UsedIn, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(r.UsedIn[:shownPlaces], ", "), len(r.UsedIn)-shownPlaces)
}

// TakesSecretReference tells whether a parameter is set to any stored secret, by its
// name.
func (p Parameter) TakesSecretReference() bool { return p.Type == TypeSecret && len(p.Allowed) == 0 }

// SecretReferences offers what a parameter may name: what it is by default, in presets
// and on stagings, in the order of the names. Whether there is such a secret in
// the cluster, nobody asks.
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
