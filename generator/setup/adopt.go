package setup

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"octopod/generator/change"
	"octopod/generator/check"
	"octopod/generator/project"
	"octopod/generator/project/adopt"
	"octopod/generator/staging"
)

// adoptKustomize makes a project of a kustomize base or a plain directory of YAML
// that was not written for Octopod.
func (s *Setup) adoptKustomize(ctx context.Context, r InitRequest) (layout, error) {
	t, err := importTemplate(r, adopt.BaseDir(r.Name))
	if err != nil {
		return layout{}, err
	}
	if err := t.makeBase(); err != nil {
		return layout{}, t.withOriginalPaths(err)
	}
	objects, err := s.renderBase(ctx, t)
	if err != nil {
		return layout{}, t.withoutSecrets(t.withOriginalPaths(err))
	}
	draft := adopt.Read(objects)
	glue, settings, err := draft.Kustomize(r.Name, path.Join("base", r.TemplateDir))
	if err != nil {
		return layout{}, fmt.Errorf("writing the kustomization: %w", err)
	}
	p := newProject(r, draft)
	p.Spec.Kustomize = settings
	p.Spec.ArgoCD.ApplyAll = check.EarlyJob(objects) != ""
	l, err := s.finishAdoption(ctx, p, draft, append(t.files, glue...))
	l.notes = append(t.notes, l.notes...)
	return l, t.withOriginalPaths(err)
}

// withoutSecrets explains a build that fails because Octopod left out Secrets.
func (t *importedTemplate) withoutSecrets(err error) error {
	names := slices.DeleteFunc(slices.Clone(t.secrets), func(name string) bool { return !strings.Contains(err.Error(), name) })
	if len(names) == 0 {
		return err
	}
	return staging.Errorf(staging.CodeInvalid, "%s builds only with Secret %s, which Octopod leaves out, because git would keep its values forever",
		t.r.TemplatePath, strings.Join(names, ", ")).Because(err).
		WithHint("remove what refers to the Secret from the kustomization, or write its name in there; create the Secret in the namespace of each staging with a SealedSecret or an ExternalSecret")
}

// renderBase renders the objects of the imported base, unchanged.
func (s *Setup) renderBase(ctx context.Context, t *importedTemplate) ([]staging.Object, error) {
	overlay, err := adopt.Kustomization(staging.Dir(change.TrialName), []string{"../../" + t.base()})
	if err != nil {
		return nil, fmt.Errorf("writing the kustomization: %w", err)
	}
	p := &project.Project{Metadata: project.Metadata{Name: t.r.Name}, Spec: project.Spec{
		Engine: project.EngineKustomize, Kustomize: project.Kustomize{Base: t.base()},
	}}
	objects, err := s.Renderer.Render(ctx, newMemoryFS(t.files), p, change.TrialName, []staging.File{overlay})
	return objects, change.TemplateError(p, err)
}

// newProject returns octopod.yaml for the answers of the user and what the draft
// found in the template.
func newProject(r InitRequest, draft adopt.Draft) project.Project {
	return project.Project{
		APIVersion: project.APIVersion, Kind: project.Kind,
		Metadata: project.Metadata{Name: r.Name, Title: r.Title},
		Spec: project.Spec{
			Engine: r.Engine, Output: r.Output,
			Hosts:    project.Hosts{BaseDomain: r.BaseDomain},
			Services: draft.Services, Parameters: draft.Parameters, Lifecycle: project.Lifecycle{Archive: draft.Archive},
			ArgoCD: project.ArgoCD{RepoURL: r.RepoURL, Branch: r.branch, Exclude: r.exclude},
		},
	}
}

// finishAdoption writes octopod.yaml, and renders a trial staging to find what the
// checks reject. octopod.yaml lists the findings as commented exceptions: the user
// decides on each.
func (s *Setup) finishAdoption(ctx context.Context, adopted project.Project, draft adopt.Draft, files []staging.File) (layout, error) {
	if len(adopted.Spec.Services) == 0 {
		return layout{}, staging.Errorf(staging.CodeInvalid, "the template has no workload with an image, so there is nothing that a branch could deploy").
			WithHint("a service comes from the containers of a Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Pod, Job, CronJob, Rollout, CloneSet or DeploymentConfig")
	}
	data, err := adopted.Encode()
	if err != nil {
		return layout{}, fmt.Errorf("writing %s: %w", project.File, err)
	}
	p, err := project.Parse(data)
	if err != nil {
		return layout{}, err
	}
	findings, err := s.CheckTemplate(ctx, p, newMemoryFS(files))
	if err != nil {
		return layout{}, err
	}
	data = append([]byte("# yaml-language-server: $schema=.octopod/octopod.schema.json\n"), data...)
	data = append(data, suggestions...)
	data = append(data, exceptions(findings)...)
	return layout{
		project: p, notes: draft.Notes, findings: findings,
		files: append(files, staging.File{Path: project.File, Data: data}),
	}, nil
}

// suggestions are commented fields that teams often add next. They belong to spec,
// which is the last field of the file.
const suggestions = `  # Fields that teams add next; .octopod/octopod.schema.json describes all fields.
  # naming:
  #   stripPrefixes: [feature/, fix/]  # feature/login becomes login
  # lifecycle:
  #   ttl: 14d                # archived after so long without a deploy
  #   archiveRetention: 30d   # deleted after so long in the archive
  #   maxActive: 20
  #   permanent: [main]
  # quota:
  #   requests.cpu: "1"
  #   requests.memory: 2Gi
  #   pods: "20"
  # links:
  #   - {name: Logs, url: "https://grafana.example.com/explore?namespace={namespace}"}
`

// exceptions returns the findings as a commented list for spec.checks.allow.
func exceptions(findings []staging.Problem) []byte {
	var lines []string
	for _, f := range findings {
		kind, name, _ := strings.Cut(f.Object, "/")
		line := fmt.Sprintf("  #     - {rule: %s, kind: %s, name: %s, reason: say why}", f.Rule, kind, staging.StableName(kind, name))
		if f.Rule == check.RuleSchema && f.Field != "" { // an exception for the object would hide faults that come later
			line = fmt.Sprintf("  #     - {rule: %s, kind: %s, name: %s, field: %s, reason: say why}", f.Rule, kind, staging.StableName(kind, name), project.WithoutPositions(f.Field))
		}
		if f.Rule != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return nil
	}
	head := "  # These objects fail the checks. Fix the template, or uncomment exceptions and give reasons.\n  # checks:\n  #   allow:\n"
	return []byte(head + strings.Join(lines, "\n") + "\n")
}
