package httpapi

import (
	"context"

	"octopod/generator/staging"
)

// clusterState is what the cluster has of a staging.
type clusterState struct {
	Resources []clusterResource `json:"resources"`
	Pods      []clusterPod      `json:"pods"`
}

type clusterResource struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Sync      string `json:"sync,omitempty" doc:"Synced, OutOfSync; absent where Argo CD reports none"`
	Health    string `json:"health,omitempty" doc:"Healthy, Progressing, Degraded; absent for kinds without health"`
	Message   string `json:"message,omitempty"`
}

type clusterPod struct {
	Name     string   `json:"name"`
	Workload string   `json:"workload"`
	Health   string   `json:"health,omitempty"`
	Status   string   `json:"status,omitempty"`
	Message  string   `json:"message,omitempty"`
	Images   []string `json:"images,omitempty"`
}

func (s *server) getResources(ctx context.Context, in *StagingPath) (*response[clusterState], error) {
	a, err := s.open(ctx, in.Project)
	if err != nil {
		return nil, err
	}
	state, err := a.ClusterState(ctx, in.Name)
	out := clusterState{
		Resources: convertAll(state.Application.Resources, func(r staging.Resource) clusterResource {
			return clusterResource{r.Kind, r.Namespace, r.Name, r.Sync, r.Health, r.Message}
		}),
		Pods: convertAll(state.Pods, func(p staging.Pod) clusterPod {
			return clusterPod{p.Name, p.Workload, p.Health, p.Status, p.Message, p.Images}
		}),
	}
	return respond(s, ctx, out, err)
}
