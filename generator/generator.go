package generator

import (
	"context"
	"time"

	"octopod/generator/billing"
	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/compare"
	"octopod/generator/doctor"
	"octopod/generator/envrepo"
	"octopod/generator/lifecycle"
	"octopod/generator/live"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/render"
	"octopod/generator/setup"
	"octopod/generator/staging"
	"octopod/generator/status"
)

// Stagings is everything that Octopod does for one env repo: the services of the
// rooms below, side by side. It has no state of its own. It is safe for use by
// many goroutines.
type Stagings struct {
	*catalog.Catalog
	*status.Reader
	*change.Writer
	*live.Tracker
	*lifecycle.Sweeper
	*receiver.Receiver
	*setup.Setup
	*doctor.Doctor
	*billing.Billing
}

// Parts are what the services are made of.
type Parts struct {
	Repo     *envrepo.Repo
	Renderer *render.Renderer
	// ArgoCD renders the files that make Argo CD sync the env repo. nil leaves
	// them to the operator.
	ArgoCD func(*project.Project) ([]staging.File, error)
	// Connect dials the Argo CD that runs a project, once. nil means that none is
	// configured: no staging has a phase then.
	Connect func(*project.Project) (status.Cluster, error)
	// Images asks registries whether images exist, and for their digests. nil
	// means that images are not checked.
	Images change.Images
	// Heads lists the branches of the application's repositories. nil means that
	// no forge is configured.
	Heads catalog.Heads
	// Logs reads the commits of the application's repositories, for comparisons. nil
	// means that comparisons name versions only.
	Logs compare.Logs
	// Sinks names the notification sinks of this process. nil means that it sends
	// no notification: that is for servers.
	Sinks func() []string
	// Now is the clock: it dates records and observations of Argo CD.
	Now func() time.Time
}

// New wires the services.
func New(parts Parts) *Stagings {
	c := &catalog.Catalog{Repo: parts.Repo, Renderer: parts.Renderer, Heads: parts.Heads, Logs: parts.Logs, Now: parts.Now}
	reader := status.New(c, parts.Connect)
	writer := &change.Writer{Catalog: c, Images: parts.Images, ArgoCD: parts.ArgoCD, StatusKnown: parts.Connect != nil}
	hooks, bills := receiver.New(c, reader, writer), billing.New(c)
	return &Stagings{
		Catalog: c, Reader: reader, Writer: writer, Tracker: live.New(reader), Sweeper: lifecycle.New(c, reader, writer),
		Receiver: hooks, Setup: setup.New(writer), Doctor: doctor.New(hooks, bills, parts.Sinks), Billing: bills,
	}
}

// Find lists stagings by name, with their pending changes if the query asks for them.
func (g *Stagings) Find(ctx context.Context, q staging.Query) ([]staging.View, error) {
	views, err := g.Reader.Find(ctx, q)
	if err == nil && q.Pending {
		err = g.AddPending(ctx, views)
	}
	return views, err
}
