package project

import "octopod/generator/staging"

// Covers reports whether the exception lets an object break a rule. A name covers
// an object with or without its content hash.
func (a Allow) Covers(rule, kind, name string) bool {
	return a.Rule == rule && (a.Kind == "" || a.Kind == kind) &&
		(a.Name == "" || a.Name == name || a.Name == staging.StableName(kind, name))
}
