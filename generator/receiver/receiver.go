package receiver

import (
	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/status"
)

// Receiver carries out what webhooks report. It is safe for use by many
// goroutines.
type Receiver struct {
	*catalog.Catalog
	*status.Reader
	*change.Writer
	deliveries deliveries
}

// New returns a Receiver.
func New(c *catalog.Catalog, r *status.Reader, w *change.Writer) *Receiver {
	return &Receiver{Catalog: c, Reader: r, Writer: w}
}
