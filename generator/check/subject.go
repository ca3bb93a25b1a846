package check

import (
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Subject is the staging that the objects belong to.
type Subject struct {
	// Namespace that every object must be in.
	Namespace string
	// Hosts of the staging; other hosts belong to other stagings.
	Hosts []string
	// BaseDomain of all stagings: a TLS host may be its wildcard.
	BaseDomain string
	// Images that workloads must use, by service. A service without an image is skipped.
	Images map[string]string
	// Jobs that Octopod adds to the template, by their names without the hash.
	Jobs []string
	// Added lists the objects that octopod.yaml adds to the template, by kind and name.
	Added []string
	// Allow lists the exceptions of the project.
	Allow []project.Allow
	// State of the staging: only an active one must use its images.
	State staging.State
}
