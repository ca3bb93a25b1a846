package status

import (
	"context"
	"sync"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Cluster is Argo CD, as far as the use cases need it; *argocd.Client is it.
type Cluster interface {
	observer
	Refresher
	Inspector
}

// observer tells how the Applications of a project are.
type observer interface {
	Applications(context.Context) ([]staging.Application, error)
	// Watch tells every change until ctx ends, and survives that Argo CD is away.
	Watch(ctx context.Context, handle func(argocd.Event)) error
	Pods(ctx context.Context, application string) ([]staging.Pod, error)
	// Application gets one by its own name.
	Application(ctx context.Context, name string) (staging.Application, error)
}

// Refresher makes Argo CD look at git now, instead of when it would by itself.
type Refresher interface {
	// Refresh compares one Application; hard also renders it anew.
	Refresh(ctx context.Context, application string, hard bool) (staging.Application, error)
	// UpsertApplicationSet finds stagings that are new or gone.
	UpsertApplicationSet(context.Context, *project.Project) error
}

// Inspector tells what is amiss between Octopod and Argo CD.
type Inspector interface {
	// Missing are permissions that Octopod's account lacks.
	Missing(context.Context) ([]argocd.Permission, error)
	// Installed compares Argo CD with the manifests of the project.
	Installed(context.Context, *project.Project) ([]argocd.Installed, error)
}

// connection keeps the one Cluster of a Stagings. Which it is follows from the
// project, so it is made when the project is known.
type connection struct {
	mu      sync.Mutex
	project string
	cluster Cluster
}

// Connected gives Argo CD, or nil when none is configured.
func (g *Reader) Connected(p *project.Project) (Cluster, error) {
	if g.connect == nil {
		return nil, nil
	}
	g.connection.mu.Lock()
	defer g.connection.mu.Unlock()
	key := p.Spec.ArgoCD.Namespace + "/" + p.Metadata.Name
	if g.connection.cluster == nil || g.connection.project != key {
		cluster, err := g.connect(p)
		if err != nil {
			return nil, err
		}
		g.connection.project, g.connection.cluster = key, cluster
	}
	return g.connection.cluster, nil
}
