package setup

import (
	"context"
	"fmt"
	"slices"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Init writes octopod.yaml, the templates and the schemas in one commit. It fails
// when the env repo has an octopod.yaml, or another file that Init would change.
func (s *Setup) Init(ctx context.Context, r InitRequest) (InitResult, error) {
	var result InitResult
	done, err := s.Commit(ctx, r.DryRun, func(ctx context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		l, err := s.layoutFor(ctx, r, tree)
		if err != nil {
			return envrepo.Edit{}, err
		}
		result = InitResult{Project: l.project, Notes: l.notes, Findings: l.findings}
		edit := envrepo.Edit{
			Verb: "init", Staging: r.Name, Subject: string(l.project.Spec.Engine) + ", " + string(l.project.Spec.Output),
			By: r.By.Person, Via: r.By.Via, Request: r.By.Request, Write: l.files,
		}
		result.Plan, err = edit.Plan(tree)
		return edit, err
	})
	if err != nil {
		return InitResult{}, err
	}
	result.Revision = done.Revision
	return result, nil
}

// layoutFor returns the files of the new env repo that a tree does not have yet.
func (s *Setup) layoutFor(ctx context.Context, r InitRequest, tree *envrepo.Tree) (layout, error) {
	_, exists, err := tree.Entry(project.File)
	if err != nil {
		return layout{}, err
	}
	if exists {
		return layout{}, staging.Errorf(staging.CodeExists, "the env repo has an %s already", project.File).
			WithTechnicalHint("edit that file; `octopod lint` checks it")
	}
	if branch := s.Repo.Branch(); branch != project.DefaultBranch {
		r.branch = branch
	}
	if r.exclude, err = foreignDirectories(tree); err != nil {
		return layout{}, err
	}
	l, err := s.layoutBeside(ctx, r, tree)
	if err != nil {
		return layout{}, err
	}
	l.files, err = newFiles(tree, l.files)
	return l, err
}

// layoutBeside returns a layout whose names meet none of the Applications of others. It
// fails if Octopod's objects in Argo CD would replace objects of others.
func (s *Setup) layoutBeside(ctx context.Context, r InitRequest, tree *envrepo.Tree) (layout, error) {
	var notes []string
	for _, name := range r.exclude {
		notes = append(notes, fmt.Sprintf("Octopod did not write %s: spec.argocd.exclude keeps its ApplicationSet and its stagings away from it", staging.Dir(name)))
	}
	l, err := s.layout(ctx, r)
	if err != nil {
		return layout{}, err
	}
	foreign, err := foreignObjects(ctx, r, tree, l.project)
	if err != nil {
		return layout{}, err
	}
	for _, f := range foreign {
		if f.Staging != "" && !slices.Contains(r.exclude, f.Staging) {
			r.exclude = append(r.exclude, f.Staging)
			notes = append(notes, fmt.Sprintf("%s: spec.argocd.exclude keeps Octopod's ApplicationSet and its stagings away from the name %s", f, f.Staging))
		}
	}
	if len(r.exclude) > len(l.project.Spec.ArgoCD.Exclude) {
		slices.Sort(r.exclude)
		if l, err = s.layout(ctx, r); err != nil {
			return layout{}, err
		}
	}
	l.notes = append(l.notes, notes...)
	return l, nil
}

// layout returns the files of the new env repo.
func (s *Setup) layout(ctx context.Context, r InitRequest) (layout, error) {
	if r.Engine != project.EngineKustomize && r.Engine != project.EngineJsonnet {
		return layout{}, staging.Errorf(staging.CodeInvalid, "unknown engine %q: choose kustomize or jsonnet", r.Engine)
	}
	for _, err := range []error{project.CheckName(r.Name), project.CheckDomain(r.BaseDomain)} {
		if err != nil {
			return layout{}, staging.Errorf(staging.CodeInvalid, "%s", err)
		}
	}
	var l layout
	var err error
	switch {
	case r.Template == nil:
		l, err = sampleLayout(r)
	case r.isChart():
		l, err = s.adoptChart(ctx, r)
	case r.Engine == project.EngineJsonnet:
		l, err = s.adoptJsonnet(ctx, r)
	default:
		l, err = s.adoptKustomize(ctx, r)
	}
	if err != nil {
		return layout{}, err
	}
	derived, err := s.DerivedFiles(l.project)
	if err != nil {
		return layout{}, err
	}
	if l.project.Spec.ArgoCD.RepoURL == "" {
		l.notes = append(l.notes, "set spec.argocd.repoURL to the address of this repository for Argo CD; `octopod lint --fix` then writes the files for Argo CD")
	}
	l.files = append(append(l.files, derived...), staging.File{Path: readmeFile, Data: readme(l.project)})
	return l, nil
}
