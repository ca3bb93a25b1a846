package change

import (
	"octopod/generator/catalog"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Writer turns requests into commits on the env repo. It is safe for use by many
// goroutines.
type Writer struct {
	*catalog.Catalog
	// Images asks registries whether images exist, and for their digests. nil
	// means that no registry is asked.
	Images Images
	// ArgoCD renders the files that make Argo CD sync the env repo. nil leaves
	// them to the operator.
	ArgoCD func(*project.Project) ([]staging.File, error)
}
