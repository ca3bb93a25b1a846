package change

import (
	"strconv"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// checkRestart rejects a restart when no pod template has the restart label: the
// commit would restart nothing.
func checkRestart(u update) error {
	if u.action.Verb != staging.Restart || u.unrendered != "" {
		return nil
	}
	labelled, err := staging.HasPodLabel(u.output.objects, project.LabelRestarts, strconv.Itoa(u.after.Spec.Restarts))
	if err != nil || labelled {
		return err
	}
	return staging.Errorf(staging.CodeInvalid, "nothing of staging %q would restart: no pod template has the label %s", u.name, project.LabelRestarts).
		WithTechnicalHint("Octopod labels the pods of every Deployment, StatefulSet and DaemonSet; in jsonnet, apply adopt from the octopod.libsonnet that `octopod init` writes")
}
