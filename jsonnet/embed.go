// Package jsonnet holds Octopod's jsonnet library and the template of the
// sample project, for `octopod init` to copy into a new env repo.
package jsonnet

import "embed"

// Files holds this directory: the library octopod.libsonnet, and one file per project.
//
//go:embed octopod.yaml *.libsonnet
var Files embed.FS
