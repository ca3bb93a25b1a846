package change

import (
	"strconv"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// checkRestart rejects a restart when no pod template has the restart label: the
// commit would restart nothing.
func checkRestart(a staging.Action, objects []staging.Object, s staging.Staging) error {
	if a.Verb != staging.Restart {
		return nil
	}
	labelled, err := staging.HasPodLabel(objects, project.LabelRestarts, strconv.Itoa(s.Spec.Restarts))
	if err != nil || labelled {
		return err
	}
	return staging.Errorf(staging.CodeInvalid, "nothing of staging %q would restart: no pod template has the label %s", s.Name, project.LabelRestarts).
		WithTechnicalHint("Octopod labels the pods of every Deployment, StatefulSet and DaemonSet; in jsonnet, apply adopt from the octopod.libsonnet that `octopod init` writes")
}
