package status

import (
	"octopod/generator/catalog"
	"octopod/generator/project"
)

// Reader reports the status of stagings: what the env repo records, compared
// with what Argo CD reports. It is safe for use by many goroutines.
type Reader struct {
	*catalog.Catalog
	Pending pendingImages // images that CI still builds

	connect    func(*project.Project) (Cluster, error)
	connection connection
}

// New returns a Reader. connect dials the Argo CD that runs a project; nil means
// that no Argo CD is configured, and no staging has a phase.
func New(c *catalog.Catalog, connect func(*project.Project) (Cluster, error)) *Reader {
	return &Reader{Catalog: c, connect: connect}
}

// HasCluster reports whether an Argo CD is configured.
func (g *Reader) HasCluster() bool { return g.connect != nil }
