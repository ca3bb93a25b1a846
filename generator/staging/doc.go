// Package staging holds Octopod's nouns and the rules that need nothing but
// them: names, the record of a staging, overrides, what a template is given,
// and how an action changes a record.
//
// Everything here is pure: data in, data out. The package imports the standard
// library only and never reads a clock, the environment, a file or a map in
// random order. Time and identity come in as arguments.
package staging
