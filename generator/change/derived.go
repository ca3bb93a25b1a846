package change

import (
	"context"
	"fmt"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/schema"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// DerivedFiles returns the files derived from octopod.yaml: the JSON schemas, and
// the files that make Argo CD sync the env repo.
func (w *Writer) DerivedFiles(p *project.Project) ([]staging.File, error) {
	files := []staging.File{
		{Path: ".octopod/octopod.schema.json", Data: schema.Project()},
		{Path: ".octopod/staging.schema.json", Data: schema.Staging()},
	}
	if w.ArgoCD == nil || p.Spec.ArgoCD.RepoURL == "" {
		return files, nil
	}
	more, err := w.ArgoCD(p)
	return append(files, more...), err
}

// checkDerived returns a problem for each derived file that is missing or outdated.
func (w *Writer) checkDerived(tree *envrepo.Tree, p *project.Project) ([]staging.Problem, error) {
	files, err := w.DerivedFiles(p)
	if err != nil {
		return nil, err
	}
	var problems []staging.Problem
	for _, file := range files {
		differs, err := tree.Differs([]staging.File{file})
		if err != nil {
			return nil, err
		}
		if differs {
			problems = append(problems, staging.Problem{File: file.Path,
				Message: "is not what Octopod would write: `octopod lint --fix` fixes it"})
		}
	}
	return problems, nil
}

// checkBranch returns a problem when Argo CD syncs another branch than Octopod writes. A
// topic branch in a clone is none: somebody merges it.
func (w *Writer) checkBranch(p *project.Project) []staging.Problem {
	writes, syncs := w.Repo.Branch(), p.Spec.ArgoCD.Branch
	if writes == "" || writes == syncs || p.Spec.ArgoCD.RepoURL == "" || w.Repo.IsTopicBranch(syncs) {
		return nil
	}
	return []staging.Problem{{File: project.File, Field: "spec.argocd.branch",
		Message: fmt.Sprintf("Argo CD syncs branch %s, but Octopod writes branch %s: write %s here, or choose the branch with --ref", syncs, writes, writes)}}
}

// Fix rewrites the derived files, in one commit.
func (w *Writer) Fix(ctx context.Context, by rights.Actor, dryRun bool) (Result, error) {
	var plan []staging.PlanItem
	done, err := w.Commit(ctx, dryRun, func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		p, err := tree.Project()
		if err != nil {
			return envrepo.Edit{}, err
		}
		files, err := w.DerivedFiles(p)
		if err != nil {
			return envrepo.Edit{}, err
		}
		edit := envrepo.Edit{Verb: "lint", Subject: "files that follow from " + project.File,
			By: by.Person, Via: by.Via, Request: by.Request, Write: files}
		plan, err = edit.Plan(tree)
		return edit, err
	})
	return Result{Changed: done.Changed, Revision: done.Revision, Plan: plan}, err
}
