package change

import (
	"context"
	"fmt"
	"slices"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Lint checks the whole env repo: octopod.yaml, every record, every rendered
// object, and that all generated files are up to date. It returns all problems.
// Uncommitted edits of the work tree, unless nil, are checked too.
func (w *Writer) Lint(ctx context.Context, edits *staging.Uncommitted) ([]staging.Problem, error) {
	tree, err := w.TipWith(ctx, edits)
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
	problems, err := w.checkDerived(tree, p)
	if err != nil {
		return nil, err
	}
	text, err := tree.ReadFile(project.File)
	if err != nil {
		return nil, err
	}
	problems = append(problems, p.Ineffective(text)...)
	foreign, err := lintDirectories(tree, p)
	if err != nil {
		return nil, err
	}
	problems = append(problems, foreign...)
	taken, err := lintForeign(ctx, tree, p)
	if err != nil {
		return nil, err
	}
	problems = append(problems, taken...)
	problems = append(problems, w.checkBranch(p)...)
	shared, err := lintHosts(tree, p)
	if err != nil {
		return nil, err
	}
	problems = append(problems, shared...)
	neighbors, err := w.lintNeighbors(ctx, tree, p)
	if err != nil {
		return nil, err
	}
	problems = append(problems, neighbors...)
	problems = append(problems, unknownRules(p)...)
	problems = append(problems, missingFiles(tree, p, text)...)
	problems = append(problems, w.lintTemplate(ctx, tree, p, text)...)
	_, items, err := w.regenerateAll(ctx, tree, RegenerateRequest{KeepImages: true})
	if err != nil {
		return nil, err
	}
	var ofRecords []staging.Problem
	for _, item := range items {
		ofRecords = append(ofRecords, lintStaging(tree, item)...)
	}
	problems = append(problems, byCause(ofRecords, text)...)
	secrets, err := tree.Secrets(ctx)
	return withSecrets(withSource(tree, p, withoutRepeats(problems)), secrets), err
}

// withSecrets adds the credentials in files, except where a rule found one already.
func withSecrets(problems, secrets []staging.Problem) []staging.Problem {
	for _, secret := range secrets {
		known := slices.ContainsFunc(problems, func(p staging.Problem) bool { return p.File == secret.File && p.Line == secret.Line })
		if !known {
			secret.Message += ": revoke it if it is real, and keep it in a Secret of the cluster"
			problems = append(problems, secret)
		}
	}
	return problems
}

// withoutRepeats reports a problem of the template once instead of once for each
// staging.
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

// unknownRules returns a problem for each allowed exception to a rule that does not
// exist.
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

// lintStaging returns the problems that regenerating a staging found.
func lintStaging(tree *envrepo.Tree, item Regenerated) []staging.Problem {
	switch {
	case item.Err == nil && !item.Changed:
		return nil
	case item.Err == nil:
		return []staging.Problem{{File: staging.Dir(item.Name),
			Message: fmt.Sprintf("is not what Octopod would write: see `octopod diff %s`; `octopod regenerate %s` fixes it", item.Name, item.Name)}}
	}
	problems := staging.ProblemsOf(item.Err)
	if len(problems) == 0 {
		return []staging.Problem{{File: staging.RecordPath(item.Name), Message: item.Err.Error()}}
	}
	return tree.WithLocations(item.Name, problems)
}
