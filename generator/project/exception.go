package project

import "regexp"

// generatedSuffix is the hash of the content behind the name of a generated
// ConfigMap or Secret: kustomize's, ten digits of an alphabet without vowels, or
// that of jsonnet/octopod.libsonnet, ten of an MD5.
var generatedSuffix = regexp.MustCompile(`-([2456789bcdfghkmt]{10}|[0-9a-f]{10})$`)

// StableName is the name of an object without the hash of its content, which
// changes with every edit.
func StableName(kind, name string) string {
	if kind != "ConfigMap" && kind != "Secret" {
		return name
	}
	return generatedSuffix.ReplaceAllString(name, "")
}

// Covers tells whether an exception lets an object break a rule.
func (a Allow) Covers(rule, kind, name string) bool {
	return a.Rule == rule && (a.Kind == "" || a.Kind == kind) &&
		(a.Name == "" || a.Name == name || a.Name == StableName(kind, name))
}
