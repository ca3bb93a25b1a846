package setup

import (
	"bytes"
	"fmt"

	"octopod/generator/project"
)

const readmeFile = "README.md"

// readme describes the env repo to people who come across it.
func readme(p *project.Project) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Stagings of %s\n\n", p.Metadata.Title)
	b.WriteString("Octopod writes this repository, and Argo CD syncs it to the cluster. Each directory under `envs` is one staging.\n\n")
	b.WriteString("- `octopod.yaml`: services, parameters, presets. Edit, commit, run `octopod lint`.\n")
	b.WriteString("- `templates` or `jsonnet`: the template of all stagings. Edit, commit, run `octopod lint`, push.\n  With output `source` the push changes every staging; with `rendered`, run `octopod regenerate --all`.\n")
	b.WriteString("- `envs/<name>/staging.yaml`: the record of one staging. After an edit by hand, run `octopod regenerate <name>`:\n  it generates the other files of the directory.\n\n")
	b.WriteString("`git revert` reverts a change. `octopod rollback` also pins the staging, so that CI does not undo the rollback.\n")
	return b.Bytes()
}
