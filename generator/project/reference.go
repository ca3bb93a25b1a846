package project

import (
	"fmt"
	"strings"

	"octopod/generator/staging"
)

// Reference is a stored secret that a parameter was given somewhere. It names
// one, and is none.
type Reference struct {
	Name string // stripe/api-key
	// Where it stands: "default", "preset payments-production", then names of stagings.
	In []string
}

// shownPlaces is how many places of a reference are told one by one.
const shownPlaces = 3

// Places says where a reference stands, in a few words.
func (r Reference) Places() string {
	if len(r.In) <= shownPlaces {
		return strings.Join(r.In, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(r.In[:shownPlaces], ", "), len(r.In)-shownPlaces)
}

// TakesReference tells whether a parameter is set to any stored secret, by its
// name.
func (p Parameter) TakesReference() bool { return p.Type == TypeSecret && len(p.Allowed) == 0 }

// References offers what a parameter may name: what it is by default, in presets
// and on stagings, in the order of the names. Whether there is such a secret in
// the cluster, nobody asks.
func (p *Project) References(name string, among []staging.Staging) []Reference {
	parameter := p.Spec.Parameters[name]
	if !parameter.TakesReference() {
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
	known := make([]Reference, 0, len(places))
	for _, reference := range sortedKeys(places) {
		known = append(known, Reference{reference, places[reference]})
	}
	return known
}
