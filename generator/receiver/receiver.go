package receiver

import (
	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/status"
)

// Receiver processes the events of webhooks. It is safe for concurrent use.
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
