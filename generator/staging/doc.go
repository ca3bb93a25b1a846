// Package staging defines Octopod's nouns and the rules that depend on nothing else:
// names, the record of a staging, its phase and the reason for it, overrides, and
// the parameters of a template.
//
// The package is pure: data in, data out. It imports the standard library only, and
// never reads a clock, the environment, a file or a map in random order. Callers
// pass time and identity as arguments.
package staging
