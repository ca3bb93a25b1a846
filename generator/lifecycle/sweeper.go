package lifecycle

import (
	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/status"
)

// Sweeper carries out the lifecycle of octopod.yaml: sleep, wake, archive,
// delete. It is safe for use by many goroutines.
type Sweeper struct {
	*catalog.Catalog
	*status.Reader
	*change.Writer
	Sweeps sweepStatus
}

// New returns a Sweeper.
func New(c *catalog.Catalog, r *status.Reader, w *change.Writer) *Sweeper {
	return &Sweeper{Catalog: c, Reader: r, Writer: w}
}
