package change

import (
	"strconv"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// restarts refuses a restart that no workload would notice: it would be a
// commit that changes nothing.
func restarts(objects []staging.Object, s staging.Staging) error {
	noticed, err := staging.HasPodLabel(objects, project.LabelRestarts, strconv.Itoa(s.Spec.Restarts))
	if err != nil || noticed {
		return err
	}
	return staging.Errorf(staging.CodeInvalid, "nothing of staging %q would restart: no pod template takes the label %s", s.Name, project.LabelRestarts).
		WithHint("pods of a Deployment, StatefulSet or DaemonSet can be made anew; in jsonnet, adopt of the octopod.libsonnet that `octopod init` writes labels them")
}
