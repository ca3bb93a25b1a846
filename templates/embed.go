// Package templates holds the kustomize base and components of the sample
// project, for `octopod init` to copy into a new env repo.
package templates

import "embed"

// Files holds this directory: octopod.yaml is the sample project file, shop/ is the base, components/ are its options.
//
//go:embed octopod.yaml shop components
var Files embed.FS
