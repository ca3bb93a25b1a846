// Package generator holds the use cases of Octopod: what people and CI do to
// stagings, from the tip of the env repo to a checked commit. Every writing
// verb takes the same way: read project and record, apply the action (pure),
// compute params (pure), let an engine write and render them, check the
// objects, commit.
//
// It never parses flags, prints, reads the environment or knows a protocol.
package generator
