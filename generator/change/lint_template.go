package change

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"octopod/generator/check"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// templateLint is the lint of one template.
type templateLint struct {
	*Writer
	tree     *envrepo.Tree
	project  *project.Project
	lines    strictyaml.Positions // of octopod.yaml
	plain    rendered             // the trial staging with every default
	problems []staging.Problem
	seen     map[string]bool // causes in problems
}

// rendered is a trial with its objects.
type rendered struct {
	project.Trial
	objects  []staging.Object
	sum      [sha256.Size]byte // of the objects
	problems []staging.Problem // that the checks find in the objects
	err      error             // why it cannot be rendered
}

// lintTemplate checks the template with a trial staging and with every variant of it
// that octopod.yaml allows, so that problems show before the first deploy, and before a
// user chooses the variant. A parameter that changes no object is a problem, too.
func (w *Writer) lintTemplate(ctx context.Context, tree *envrepo.Tree, p *project.Project, text []byte) []staging.Problem {
	s, err := trialStaging(p)
	if err != nil {
		return problemsOrMessage(p, err)
	}
	l := &templateLint{Writer: w, tree: tree, project: p, lines: strictyaml.Lines(text), seen: map[string]bool{}}
	l.plain = l.render(ctx, project.Trial{Staging: s})
	if l.plain.err != nil {
		return problemsOrMessage(p, l.plain.err)
	}
	l.problems = l.plain.problems
	for _, problem := range l.problems {
		l.seen[causeOf(problem)] = true
	}
	variants := l.renderAll(ctx, p.Trials(s))
	if ctx.Err() != nil {
		return nil // the caller reports it
	}
	for _, v := range variants {
		l.reportFaults(v)
	}
	for _, v := range append(variants, l.render(ctx, secondDeploy(s))) {
		l.reportImmutable(v)
	}
	l.reportIneffective(ctx, variants)
	l.reportLifecycle(variants)
	l.reportRetries()
	return l.problems
}

func problemsOrMessage(p *project.Project, err error) []staging.Problem {
	if problems := staging.ProblemsOf(err); len(problems) > 0 {
		return problems
	}
	return []staging.Problem{{File: templatePath(p), Message: err.Error()}}
}

func (l *templateLint) render(ctx context.Context, t project.Trial) rendered {
	r := rendered{Trial: t}
	r.objects, r.problems, r.err = l.renderTrial(ctx, l.project, l.tree, t.Staging)
	h := sha256.New()
	for _, o := range r.objects {
		_, _ = fmt.Fprintf(h, "%s/%s\n%s\n", o.Namespace, o, o.JSON) // a hash never fails
	}
	h.Sum(r.sum[:0])
	return r
}

// renderAll renders trials in parallel.
func (l *templateLint) renderAll(ctx context.Context, trials []project.Trial) []rendered {
	variants := make([]rendered, len(trials))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, t := range trials {
		group.Go(func() error {
			variants[i] = l.render(ctx, t)
			return nil
		})
	}
	_ = group.Wait() // each variant has its own error
	return variants
}

// report adds a problem of octopod.yaml.
func (l *templateLint) report(field, format string, args ...any) {
	l.problems = append(l.problems, staging.Problem{
		File: project.File, Line: l.lines.Line(field), Field: field, Message: fmt.Sprintf(format, args...),
	})
}

// reportFaults reports a variant that cannot be rendered or that fails the checks,
// unless the plain trial or an earlier variant has the same fault.
func (l *templateLint) reportFaults(v rendered) {
	if v.err != nil && !l.refusesInvented(v) {
		if text := faultText(v.err); !l.seen[text] {
			l.seen[text] = true
			l.report(v.Field, "%s cannot be rendered: %s", v.What, text)
		}
	}
	if v.Invented {
		return // the rules are for values that users choose
	}
	for _, problem := range v.problems {
		if cause := causeOf(problem); !l.seen[cause] {
			l.seen[cause] = true
			problem.Message += " (" + v.What + ")"
			l.problems = append(l.problems, problem)
		}
	}
}

// secondDeploy returns the trial of another image for every service.
func secondDeploy(s staging.Staging) project.Trial {
	s = s.Clone()
	for name, service := range s.Spec.Services {
		service.Image += "-second"
		s.Spec.Services[name] = service
	}
	return project.Trial{What: "a deploy of other images", Staging: s}
}

// reportImmutable reports what Kubernetes refuses when a variant follows the plain trial.
func (l *templateLint) reportImmutable(v rendered) {
	for _, problem := range check.Update(l.plain.objects, v.objects, check.Subject{Allow: l.project.Spec.Checks.Allow}) {
		if cause := causeOf(problem); !l.seen[cause] {
			l.seen[cause] = true
			problem.Message += " (" + v.What + ")"
			l.problems = append(l.problems, problem)
		}
	}
}

// refusesInvented reports whether a jsonnet template refuses an invented value: it may
// check its params by an assertion.
func (l *templateLint) refusesInvented(v rendered) bool {
	return v.Invented && l.project.Spec.Engine == project.EngineJsonnet
}

// faultText formats the problems of an error.
func faultText(err error) string {
	problems := staging.ProblemsOf(err)
	if len(problems) == 0 {
		return err.Error()
	}
	texts := make([]string, len(problems))
	for i, problem := range problems {
		texts[i] = problem.String()
	}
	return strings.Join(texts, "; ")
}

// causeOf identifies a problem of an object in all variants.
func causeOf(p staging.Problem) string { return p.Rule + " " + p.Object + " " + p.Field }

// missingFiles returns a problem for each path in octopod.yaml that rendering does not
// need, and that is not in the env repo.
func missingFiles(tree fs.FS, p *project.Project, text []byte) []staging.Problem {
	paths := map[string]string{"spec.ui.logo": p.Spec.UI.Logo}
	for i, dir := range p.Spec.Jsonnet.Libraries {
		paths[fmt.Sprintf("spec.jsonnet.libraries[%d]", i)] = dir
	}
	var problems []staging.Problem
	lines := strictyaml.Lines(text)
	for field, path := range paths {
		line, written := lines[field]
		if !written {
			continue
		}
		if _, err := fs.Stat(tree, path); err != nil {
			problems = append(problems, staging.Problem{File: project.File, Line: line, Field: field, Message: fmt.Sprintf("the env repo has no %s", path)})
		}
	}
	return problems
}
