package project

import (
	"regexp"

	"octopod/generator/staging"
)

// Covers reports whether the exception lets a field of an object break a rule. A name
// covers an object with or without its content hash, and a field any position in lists.
func (a Allow) Covers(rule, kind, name, field string) bool {
	return a.Rule == rule && (a.Kind == "" || a.Kind == kind) &&
		(a.Name == "" || a.Name == name || a.Name == staging.StableName(kind, name)) &&
		(a.Field == "" || WithoutPositions(a.Field) == WithoutPositions(field))
}

var position = regexp.MustCompile(`\[\d+\]`)

// WithoutPositions returns the path of a field without the positions in lists.
func WithoutPositions(field string) string { return position.ReplaceAllString(field, "") }
