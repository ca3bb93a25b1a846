// Package project owns octopod.yaml: one product with its services,
// parameters, presets and rules. It decodes the file strictly, fills in
// defaults, and computes from a project and a record the Params of a staging.
//
// The package is pure: bytes in, values out. It never reads a file, never
// renders and never asks who is asking.
package project
