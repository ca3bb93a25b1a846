package doctor

import (
	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/receiver"
	"octopod/generator/status"
)

// Doctor diagnoses an env repo and its Argo CD, and explains why a branch has a
// staging or none. It is safe for use by many goroutines.
type Doctor struct {
	*catalog.Catalog
	*status.Reader
	*change.Writer
	*receiver.Receiver
	// Sinks names the notification sinks that this process sends to; nil where it
	// sends nothing.
	Sinks []string
}

// New returns a Doctor.
func New(r *receiver.Receiver, sinks []string) *Doctor {
	return &Doctor{Catalog: r.Catalog, Reader: r.Reader, Writer: r.Writer, Receiver: r, Sinks: sinks}
}
