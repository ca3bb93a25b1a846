package generator

import (
	"context"
	"fmt"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Lint looks over the whole env repo and lists everything that is wrong:
// octopod.yaml, every record, every rendered object, and files that are not
// what Octopod would write.
func (g *Stagings) Lint(ctx context.Context) ([]staging.Problem, error) {
	tree, err := g.repo.Tip(ctx)
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
	problems := unknownRules(p)
	_, items, err := g.planAll(ctx, tree, RegenerateRequest{})
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		problems = append(problems, lintItem(item)...)
	}
	return problems, nil
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

func lintItem(item Regenerated) []staging.Problem {
	file := envrepo.RecordPath(item.Name)
	switch {
	case item.Err == nil && !item.Changed:
		return nil
	case item.Err == nil:
		return []staging.Problem{{File: envrepo.StagingDir(item.Name),
			Message: fmt.Sprintf("is not what Octopod would write: `octopod regenerate %s` mends it", item.Name)}}
	}
	problems := staging.ProblemsOf(item.Err)
	if len(problems) == 0 {
		return []staging.Problem{{File: file, Message: item.Err.Error()}}
	}
	for i := range problems {
		if problems[i].File == "" {
			problems[i].File = file
		}
	}
	return problems
}
