package check

import (
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Subject is the staging that the objects belong to.
type Subject struct {
	// Namespace that every object must be in.
	Namespace string
	// Hosts of the staging itself; any other is somebody else's.
	Hosts []string
	// BaseDomain of all stagings: TLS hosts may be its wildcard.
	BaseDomain string
	// Images that must run, by service. A service without an image is skipped.
	Images map[string]string
	// Allow is the project's list of exceptions.
	Allow []project.Allow
	// State of the staging: while it is deleted its images need not be used.
	State staging.State
}
