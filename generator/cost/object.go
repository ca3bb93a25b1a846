package cost

import (
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/resource"

	"octopod/generator/staging"
)

// resources are amounts by name: cpu, memory, storage.
type resources map[string]resource.Quantity

// object holds the fields of all kinds that count.
type object struct {
	kind, name string
	Spec       struct {
		podSpec  // of a Pod
		Template struct{ Spec podSpec }
		Replicas *int64

		VolumeClaimTemplates                 []claim // of a StatefulSet
		PersistentVolumeClaimRetentionPolicy struct{ WhenScaled string }

		Type string // of a Service

		MinReplicas, MinReplicaCount *int64 // of autoscalers: of Kubernetes, and of KEDA
		ScaleTargetRef               struct{ Kind, Name string }

		Limits []limit   // of a LimitRange
		Hard   resources // of a ResourceQuota
	}
}

// claim is a volume claim, or the template of one.
type claim struct {
	Spec struct {
		Resources struct{ Requests resources }
	}
}

type limit struct {
	Type                    string
	Default, DefaultRequest resources
}

type podSpec struct {
	Containers, InitContainers []container
	Overhead                   resources
	Resources                  struct{ Requests, Limits resources } // of a whole pod, and of a volume claim
	Volumes                    []struct {
		Ephemeral *struct{ VolumeClaimTemplate claim }
	}
}

type container struct {
	RestartPolicy string
	Resources     struct{ Requests, Limits resources }
}

// counted reports whether objects of a kind may cost something, or decide what others cost.
func counted(kind string) bool {
	return runsPods(kind) || slices.Contains([]string{
		"PersistentVolumeClaim", "Service", "LimitRange", "ResourceQuota", "HorizontalPodAutoscaler", "ScaledObject",
	}, kind)
}

// runsPods reports whether the pods of a kind run all the time.
func runsPods(kind string) bool {
	return slices.Contains(staging.WorkloadKinds(), kind) || slices.Contains(staging.CustomWorkloadKinds(), kind) ||
		slices.Contains([]string{"Pod", "ReplicaSet", "ReplicationController"}, kind)
}

func decode(o staging.Object) (object, error) {
	m := object{kind: o.Kind, name: o.Name}
	if err := json.Unmarshal(o.JSON, &m); err != nil {
		return m, fmt.Errorf("reading the requests of %s: %w", o, err)
	}
	return m, nil
}

// pod returns the pod of a workload.
func (o object) pod() podSpec {
	if o.kind == "Pod" {
		return o.Spec.podSpec
	}
	return o.Spec.Template.Spec
}

// defaultsOf returns the limits of containers in the LimitRange of a staging.
func defaultsOf(set []object) limit {
	for _, o := range set {
		for _, l := range o.Spec.Limits {
			if o.kind == "LimitRange" && l.Type == "Container" {
				return l
			}
		}
	}
	return limit{}
}

// scalersOf returns the least replicas of each workload that an autoscaler scales, by its
// kind and name.
func scalersOf(set []object) map[string]int64 {
	least := map[string]int64{}
	for _, o := range set {
		to := o.Spec.ScaleTargetRef
		switch o.kind {
		case "HorizontalPodAutoscaler":
			least[to.Kind+"/"+to.Name] = orElse(o.Spec.MinReplicas, 1)
		case "ScaledObject":
			if to.Kind == "" {
				to.Kind = "Deployment" // the default of KEDA
			}
			least[to.Kind+"/"+to.Name] = orElse(o.Spec.MinReplicaCount, 0)
		}
	}
	return least
}

func orElse(n *int64, otherwise int64) int64 {
	if n == nil {
		return otherwise
	}
	return *n
}
