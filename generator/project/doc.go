// Package project defines octopod.yaml: one product with its services, parameters,
// presets and rules. It decodes the file strictly, fills in defaults, applies actions
// to records, decides what a sweep does, and computes the params of a staging.
//
// The package is pure: bytes in, values out. It never reads a file, never renders
// and knows no permissions.
package project
