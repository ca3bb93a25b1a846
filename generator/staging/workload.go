package staging

import (
	"encoding/json"
	"fmt"
	"slices"
)

// RunningImages returns the images that must have a pod while the objects are
// applied: those of workloads with at least one replica. Jobs end, CronJobs run now
// and then, and Octopod does not know custom kinds.
func RunningImages(objects []Object) ([]string, error) {
	var images []string
	for _, o := range objects {
		if !slices.Contains([]string{"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet"}, o.Kind) {
			continue
		}
		var w workload
		if err := json.Unmarshal(o.JSON, &w); err != nil {
			return nil, fmt.Errorf("reading the rendered %s: %w", o, err)
		}
		if w.Spec.Replicas != nil && *w.Spec.Replicas == 0 {
			continue
		}
		for _, c := range w.Spec.Template.Spec.Containers {
			images = append(images, c.Image)
		}
	}
	slices.Sort(images)
	return slices.Compact(images), nil
}

// HasPodLabel reports whether the pod template of any workload has a label with a
// value, so that a change of the value recreates the pods.
func HasPodLabel(objects []Object, label, value string) (bool, error) {
	for _, o := range objects {
		if !slices.Contains(slices.Concat(WorkloadKinds(), CustomWorkloadKinds()), o.Kind) {
			continue
		}
		var w workload
		if err := json.Unmarshal(o.JSON, &w); err != nil {
			return false, fmt.Errorf("reading the rendered %s: %w", o, err)
		}
		if w.Spec.Template.Metadata.Labels[label] == value {
			return true, nil
		}
	}
	return false, nil
}

// WorkloadKinds are the kinds that replace their pods when the pod template changes.
// A Job is not one of them: its template is immutable.
func WorkloadKinds() []string { return []string{"DaemonSet", "Deployment", "StatefulSet"} }

// CustomWorkloadKinds are such kinds of OpenKruise, OpenShift and Argo Rollouts.
func CustomWorkloadKinds() []string { return []string{"CloneSet", "DeploymentConfig", "Rollout"} }

// workload holds the fields that all kinds of long-running workloads have.
type workload struct {
	Spec struct {
		Replicas *int
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct{ Containers []struct{ Image string } }
		}
	}
}
