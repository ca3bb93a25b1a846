package staging

import (
	"path"
	"slices"
)

// The layout of an env repo: EnvsDir holds a directory for each staging, with its record and
// the files that Octopod generates from it.
const (
	EnvsDir       = "envs"
	RecordFile    = "staging.yaml"
	ManifestsFile = "manifests.yaml" // the rendered objects, only with output "rendered"

	KustomizationFile = "kustomization.yaml"   // with engine kustomize
	ObjectsFile       = "staging-objects.yaml" // likewise: the objects that Octopod adds
	ChartFile         = "chart.yaml"           // likewise: the objects of Helm charts
	MainFile          = "main.jsonnet"         // with engine jsonnet
	ParamsFile        = "params.json"          // likewise: the arguments of the template
)

// IsGenerated reports whether Octopod may have written a file of a staging's directory.
// Any other file there belongs to a person, and stays.
func IsGenerated(file string) bool {
	return path.Dir(path.Dir(file)) == EnvsDir && slices.Contains([]string{
		RecordFile, ManifestsFile, KustomizationFile, ObjectsFile, ChartFile, MainFile, ParamsFile,
	}, path.Base(file))
}

// Dir returns the directory of a staging, relative to the root of the env repo.
func Dir(name string) string { return path.Join(EnvsDir, name) }

// RecordPath returns the path of a staging's record.
func RecordPath(name string) string { return path.Join(EnvsDir, name, RecordFile) }

// ManifestsPath returns the path of a staging's rendered objects.
func ManifestsPath(name string) string { return path.Join(EnvsDir, name, ManifestsFile) }
