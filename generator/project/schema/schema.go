// Package schema contains the JSON Schemas (draft 2020-12) of octopod.yaml and
// staging.yaml, for editors and other tools. The test of this package generates them
// from the Go types and their comments (go test -update), and fails if they are out of
// date. The strict decoder decides whether a file is valid, and has better messages.
package schema

import _ "embed" // for the two files below

//go:embed octopod.schema.json
var project []byte

//go:embed staging.schema.json
var record []byte

// Project returns the JSON Schema of octopod.yaml.
func Project() []byte { return append([]byte(nil), project...) }

// Staging returns the JSON Schema of staging.yaml.
func Staging() []byte { return append([]byte(nil), record...) }
