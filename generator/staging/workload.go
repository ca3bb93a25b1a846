package staging

import (
	"encoding/json"
	"fmt"
	"slices"
)

// RunningImages gives the images that must have a pod for as long as objects
// are applied: those of workloads with at least one replica. Jobs end, a
// CronJob runs now and then, and of custom kinds nothing is known.
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

// HasPodLabel tells whether any workload makes its pods anew when a label of theirs
// comes to have a value: whether one has it in its pod template.
func HasPodLabel(objects []Object, label, value string) (bool, error) {
	for _, o := range objects {
		if !slices.Contains(WorkloadKinds(), o.Kind) {
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

// WorkloadKinds are the kinds whose pods follow their template: a change of it
// replaces them. Those of a Job never do; its template cannot change.
func WorkloadKinds() []string { return []string{"DaemonSet", "Deployment", "StatefulSet"} }

// workload is the part that all kinds of long-running workloads share.
type workload struct {
	Spec struct {
		Replicas *int
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct{ Containers []struct{ Image string } }
		}
	}
}
