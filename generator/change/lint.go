package change

import (
	"context"
	"fmt"
	"slices"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/schema"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Lint looks over the whole env repo and lists everything that is wrong:
// octopod.yaml, every record, every rendered object, and files that are not
// what Octopod would write. What is not committed is looked at too, unless nil.
func (g *Writer) Lint(ctx context.Context, edits *staging.Uncommitted) ([]staging.Problem, error) {
	tree, err := g.TipWith(ctx, edits)
	if err != nil {
		return nil, err
	}
	p, err := tree.Project()
	if problems := staging.ProblemsOf(err); problems != nil {
		return problems, nil
	}
	if err != nil {
		return nil, err
	}
	problems, err := g.staleFiles(tree, p)
	if err != nil {
		return nil, err
	}
	problems = append(problems, unknownRules(p)...)
	problems = append(problems, g.lintTemplate(ctx, tree, p)...)
	_, items, err := g.planAll(ctx, tree, RegenerateRequest{})
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		problems = append(problems, lintItem(tree, item)...)
	}
	return located(tree, p, withoutRepeats(problems)), nil
}

// lintTemplate makes a staging of a branch that does not exist, so that a
// template is looked at before the first deploy.
func (g *Writer) lintTemplate(ctx context.Context, tree *envrepo.Tree, p *project.Project) []staging.Problem {
	problems, err := g.CheckTemplate(ctx, p, tree)
	if err == nil {
		return problems
	}
	if own := staging.ProblemsOf(err); len(own) > 0 {
		return own
	}
	return []staging.Problem{{File: templatePath(p), Message: err.Error()}}
}

func templatePath(p *project.Project) string {
	if p.Spec.Engine == project.EngineJsonnet {
		return p.Spec.Jsonnet.File
	}
	return p.Spec.Kustomize.Base
}

// withoutRepeats names a fault of the template once, not once for each staging.
func withoutRepeats(problems []staging.Problem) []staging.Problem {
	seen := map[staging.Problem]bool{}
	return slices.DeleteFunc(problems, func(p staging.Problem) bool {
		if p.Rule != "" {
			p.File, p.Line = "", 0
		}
		repeated := seen[p]
		seen[p] = true
		return repeated
	})
}

// unknownRules finds exceptions that except nothing.
func unknownRules(p *project.Project) []staging.Problem {
	known := map[string]bool{}
	for _, rule := range check.Rules() {
		known[rule.Name] = true
	}
	var problems []staging.Problem
	for i, allow := range p.Spec.Checks.Allow {
		if !known[allow.Rule] {
			problems = append(problems, staging.Problem{
				File: project.File, Field: fmt.Sprintf("spec.checks.allow[%d].rule", i),
				Message: fmt.Sprintf("there is no rule %q", allow.Rule),
			})
		}
	}
	return problems
}

func lintItem(tree *envrepo.Tree, item Regenerated) []staging.Problem {
	file := staging.RecordPath(item.Name)
	switch {
	case item.Err == nil && !item.Changed:
		return nil
	case item.Err == nil:
		return []staging.Problem{{File: staging.Dir(item.Name),
			Message: fmt.Sprintf("is not what Octopod would write: see `octopod diff %s`; `octopod regenerate %s` mends it", item.Name, item.Name)}}
	}
	problems := staging.ProblemsOf(item.Err)
	if len(problems) == 0 {
		return []staging.Problem{{File: file, Message: item.Err.Error()}}
	}
	return tree.WithLocations(item.Name, problems)
}

// DerivedFiles are the files beside octopod.yaml that follow from it: the schemas,
// and what makes Argo CD follow the env repo.
func (g *Writer) DerivedFiles(p *project.Project) ([]staging.File, error) {
	files := []staging.File{
		{Path: ".octopod/octopod.schema.json", Data: schema.Project()},
		{Path: ".octopod/staging.schema.json", Data: schema.Staging()},
	}
	if g.ArgoCD == nil || p.Spec.ArgoCD.RepoURL == "" {
		return files, nil
	}
	more, err := g.ArgoCD(p)
	return append(files, more...), err
}

// staleFiles finds kept files that are missing or not what octopod.yaml asks for.
func (g *Writer) staleFiles(tree *envrepo.Tree, p *project.Project) ([]staging.Problem, error) {
	files, err := g.DerivedFiles(p)
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
				Message: "is not what Octopod would write: `octopod lint --fix` mends it"})
		}
	}
	return problems, nil
}

// Fix writes the kept files anew, in one commit.
func (g *Writer) Fix(ctx context.Context, by rights.Actor, dryRun bool) (Result, error) {
	var plan []staging.PlanItem
	done, err := g.Commit(ctx, dryRun, func(_ context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		p, err := tree.Project()
		if err != nil {
			return envrepo.Edit{}, err
		}
		files, err := g.DerivedFiles(p)
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
