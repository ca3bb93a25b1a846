package status

import (
	"context"
	"slices"
	"sync"
	"time"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Cluster is Argo CD as the use cases need it; *argocd.Client implements it.
type Cluster interface {
	observer
	Refresher
	Inspector
}

// observer reads the Applications of a project.
type observer interface {
	Applications(context.Context) ([]staging.Application, error)
	// Watch reports every change until ctx ends. It survives that Argo CD is unreachable.
	Watch(ctx context.Context, handle func(argocd.Event)) error
	Pods(ctx context.Context, application string) ([]staging.Pod, error)
	// SyncBlock reports whether a sync window forbids to sync.
	SyncBlock(ctx context.Context, application string) (staging.SyncBlock, error)
	// Probe returns an error if Argo CD cannot reach the cluster of an Application.
	Probe(ctx context.Context, app staging.Application) error
	// Warnings returns the last warnings of objects that do not work.
	Warnings(ctx context.Context, application string) ([]staging.Warning, error)
	// Remains lists what the deletion of an Application has left.
	Remains(ctx context.Context, application string) (staging.Remains, error)
	// Application gets one by its own name.
	Application(ctx context.Context, name string) (staging.Application, error)
}

// Refresher makes Argo CD read git now instead of at its next poll.
type Refresher interface {
	// Refresh compares one Application with git; a hard refresh also renders it again.
	Refresh(ctx context.Context, application string, hard bool) (staging.Application, error)
	// UpsertApplicationSet makes Argo CD find stagings that were added or removed. fault is
	// why Argo CD creates no Application; "" if it can.
	UpsertApplicationSet(context.Context, *project.Project) (fault string, err error)
	// Terminate ends the running sync of an Application.
	Terminate(ctx context.Context, application string) error
	// Sync applies the newest commit.
	Sync(ctx context.Context, application string) error
}

// Inspector compares what Argo CD has with what Octopod needs.
type Inspector interface {
	// MayTerminate reports whether the account may end a sync that hangs.
	MayTerminate(context.Context) (bool, error)
	// ApplicationSetFault returns why Argo CD creates no Application; "" if it can.
	ApplicationSetFault(context.Context, *project.Project) (string, error)
	// Missing lists the permissions that Octopod's account lacks.
	MissingPermissions(context.Context) ([]argocd.Permission, error)
	// Installed compares Argo CD with the manifests of the project.
	Installed(context.Context, *project.Project) ([]argocd.Installed, error)
	// Foreign lists objects of others whose names or namespaces meet those of the project.
	Foreign(context.Context, *project.Project) ([]argocd.Foreign, error)
}

// connection keeps the one Cluster of a Reader. It depends on octopod.yaml, so it is
// dialed once that is known.
type connection struct {
	mu      sync.Mutex
	project string
	cluster Cluster
	away    time.Time // since when Argo CD is unreachable; zero if it is reachable
	fault   string    // why Argo CD creates no Application, as far as is known
}

// Upsert makes Argo CD find stagings that were added or removed, and remembers why it
// creates no Application.
func (g *Reader) Upsert(ctx context.Context, to Refresher, p *project.Project) error {
	fault, err := to.UpsertApplicationSet(ctx, p)
	if err == nil {
		g.setFault(fault)
	}
	return err
}

func (g *Reader) setFault(fault string) {
	g.connection.mu.Lock()
	defer g.connection.mu.Unlock()
	g.connection.fault = fault
}

func (g *Reader) currentFault() string {
	g.connection.mu.Lock()
	defer g.connection.mu.Unlock()
	return g.connection.fault
}

// readFault asks why recorded stagings have no Application, if there are some.
func (g *Reader) readFault(ctx context.Context, cluster Cluster, p *project.Project, seen *Snapshot, views []staging.View) {
	missing := slices.ContainsFunc(views, func(v staging.View) bool { return !seen.Has(v.Metadata.Name) })
	if seen.Err != nil || !missing {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, findGrace)
	defer cancel()
	if fault, err := cluster.ApplicationSetFault(ctx, p); err == nil { // the right to read it is optional
		g.setFault(fault)
	}
}

// MarkAway records that Argo CD is unreachable, and returns since when: one moment for
// every watch and every answer of this process.
func (g *Reader) MarkAway() time.Time {
	g.connection.mu.Lock()
	defer g.connection.mu.Unlock()
	if g.connection.away.IsZero() {
		g.connection.away = g.Now()
	}
	return g.connection.away
}

// MarkBack records that Argo CD answers.
func (g *Reader) MarkBack() {
	g.connection.mu.Lock()
	defer g.connection.mu.Unlock()
	g.connection.away = time.Time{}
}

// Connected returns Argo CD, nil when none is configured.
func (g *Reader) Connected(p *project.Project) (Cluster, error) {
	if g.connect == nil {
		return nil, nil
	}
	g.connection.mu.Lock()
	defer g.connection.mu.Unlock()
	key := p.ApplicationNamespace() + "/" + p.Metadata.Name
	if g.connection.cluster == nil || g.connection.project != key {
		cluster, err := g.connect(p)
		if err != nil {
			return nil, err
		}
		g.connection.project, g.connection.cluster = key, cluster
	}
	return g.connection.cluster, nil
}
