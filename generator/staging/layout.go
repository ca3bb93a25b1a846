package staging

import "path"

// The layout of an env repo: EnvsDir holds a directory for each staging, with its record and
// the files that Octopod generates from it.
const (
	EnvsDir       = "envs"
	RecordFile    = "staging.yaml"
	ManifestsFile = "manifests.yaml" // the rendered objects, only with output "rendered"
)

// Dir returns the directory of a staging, relative to the root of the env repo.
func Dir(name string) string { return path.Join(EnvsDir, name) }

// RecordPath returns the path of a staging's record.
func RecordPath(name string) string { return path.Join(EnvsDir, name, RecordFile) }

// ManifestsPath returns the path of a staging's rendered objects.
func ManifestsPath(name string) string { return path.Join(EnvsDir, name, ManifestsFile) }
