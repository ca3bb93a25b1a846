package setup

import (
	"context"
	"io/fs"

	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// InitRequest sets up an env repo in a repository that has no octopod.yaml.
type InitRequest struct {
	Name, Title  string
	Engine       project.Engine
	Output       project.Output
	BaseDomain   string
	RepoURL      string   // of the env repo, as Argo CD reaches it; may be empty
	Template     fs.FS    // the user's own base; nil means the sample project
	TemplatePath string   // as the user wrote it, for messages
	TemplateDir  string   // the kustomize base within Template; "." or "" is the root
	TemplateUses []string // paths within Template that the base needs; empty means all
	TemplateFile string   // the jsonnet file within Template

	TemplateArchive string         // the packed Helm chart within Template
	ValueFiles      []staging.File // with values of a chart, by their names
	KubeVersion     string         // that a chart is rendered for
	APIVersions     []string       // of custom kinds, for a chart

	TemplateLibraries []string // directories within Template that the imports of the file are searched in
	By                rights.Actor
	DryRun            bool
	// Foreign lists what Argo CD has already and meets the names of a project; nil without
	// an Argo CD.
	Foreign func(context.Context, *project.Project) ([]argocd.Foreign, error)

	branch  string   // of the env repo that Octopod writes
	exclude []string // directories in envs that are not Octopod's
}

// InitResult is the new project.
type InitResult struct {
	Project  *project.Project
	Plan     []staging.PlanItem
	Revision string
	Notes    []string          // for people: how Octopod understood the template
	Findings []staging.Problem // what the checks would reject in it
}

// layout is the content of a new env repo: octopod.yaml and every file it names.
type layout struct {
	project  *project.Project
	files    []staging.File
	notes    []string
	findings []staging.Problem
}
