// Package schema holds the JSON Schemas (draft 2020-12) of octopod.yaml and
// staging.yaml, for editors and other tools. They are written from the Go types
// and their comments by this package's test (go test -update), which also fails
// when they are out of date. The schemas guide; what counts is the strict
// decoder, whose messages are better.
package schema

import _ "embed" // for the two files below

//go:embed octopod.schema.json
var project []byte

//go:embed staging.schema.json
var record []byte

// Project gives the JSON Schema of octopod.yaml.
func Project() []byte { return append([]byte(nil), project...) }

// Staging gives the JSON Schema of staging.yaml.
func Staging() []byte { return append([]byte(nil), record...) }
