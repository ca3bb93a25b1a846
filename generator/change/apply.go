package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Apply carries out one action on one staging, in one commit. An action that
// changes nothing makes no commit and succeeds.
func (g *Writer) Apply(ctx context.Context, r Request) (Result, error) {
	edit := planner(g.PlanAction)
	if r.Action.Verb == staging.Rollback {
		target, err := g.rollbackTarget(ctx, r.Action)
		if err != nil {
			return Result{}, err
		}
		edit = target.plan
	}
	var result Result
	done, err := g.Commit(ctx, r.DryRun, g.editing(edit, r, &result))
	var first unasked
	if errors.As(err, &first) {
		if r.digests, err = g.digests(ctx, first.images); err != nil {
			return Result{}, err
		}
		done, err = g.Commit(ctx, r.DryRun, g.editing(edit, r, &result))
	}
	if err != nil {
		return Result{}, err
	}
	return result.committed(done), nil
}

// planner works out an action on a tree.
type planner func(context.Context, *envrepo.Tree, Request, staging.Attribution) (planned, error)

// editing is an action as the env repo runs it: perhaps several times, of which
// the last gives the result.
func (g *Writer) editing(plan planner, r Request, result *Result) envrepo.EditFunc {
	at := g.stamp(r)
	return func(ctx context.Context, tree *envrepo.Tree) (envrepo.Edit, error) {
		next, tried, err := r.tried(ctx, tree)
		if err == nil && !tried {
			next, err = plan(ctx, tree, r, at)
		}
		if err != nil {
			return envrepo.Edit{}, err
		}
		*result = next.result
		return next.edit, nil
	}
}

// tried gives the result of an earlier try of the request whose answer was lost,
// perhaps at another server: its commit is in the history.
func (r Request) tried(ctx context.Context, tree *envrepo.Tree) (planned, bool, error) {
	if r.By.Key == "" || r.DryRun {
		return planned{}, false, nil
	}
	event, found, err := tree.FindByKey(ctx, r.By.Key, r.By.Person)
	if err != nil || !found || event.Verb != r.Action.Verb || r.Action.Name != "" && r.Action.Name != event.Staging {
		return planned{}, false, err
	}
	next := planned{result: Result{
		Name: event.Staging, Changed: true, Revision: event.Revision, Plan: []staging.PlanItem{}, earlier: true, Note: "an earlier try of this request did it",
	}}
	p, err := tree.Project()
	if err != nil {
		return planned{}, false, err
	}
	if record, err := catalog.FindRecord(tree, event.Staging); err == nil && record != nil {
		v := catalog.View(p, *record, tree.Revision())
		next.result.Staging = &v
	}
	return next, true, nil
}

// stamp is who asks, and now.
func (g *Writer) stamp(r Request) staging.Attribution {
	return staging.Attribution{At: g.Now().UTC().Truncate(time.Second), By: r.By.Person.Name}
}

// committed completes a result with what became of its commit.
func (r Result) committed(done envrepo.Result) Result {
	if r.earlier {
		return r
	}
	r.Changed, r.Revision = done.Changed, done.Revision
	if r.Staging != nil {
		r.Staging.Status.Revision = done.Revision
	}
	return r
}

// planned is an action worked out on one tree.
type planned struct {
	edit   envrepo.Edit
	result Result
}

// PlanAction works out every verb but rollback.
func (g *Writer) PlanAction(ctx context.Context, tree *envrepo.Tree, r Request, at staging.Attribution) (planned, error) {
	p, a, err := catalog.Open(ctx, tree, r.Action)
	if err != nil {
		return planned{}, err
	}
	if err := r.admit(p, a); err != nil {
		return planned{}, err
	}
	if why, err := spared(tree, p, a); err != nil || why != "" {
		return planned{result: Result{Name: a.Name, Note: why, Plan: []staging.PlanItem{}}}, err
	}
	a, stays := leaving(tree, a)
	if removes(p, a) {
		return g.planRemoval(ctx, tree, p, a, r)
	}
	before, err := catalog.FindRecord(tree, a.Name)
	if err == nil {
		err = r.current(p, before)
	}
	if err != nil {
		return planned{}, err
	}
	if before == nil && a.Verb != staging.Deploy && a.Verb != staging.Create {
		return planned{}, catalog.NotFoundFor(tree, a)
	}
	a, older := a.WithoutOlderBuilds(before)
	if len(older) > 0 && len(a.Images) == 0 {
		v := catalog.View(p, *before, tree.Revision())
		return planned{result: Result{Staging: &v, Name: a.Name, Note: outrun(*before, older), Plan: []staging.PlanItem{}}}, nil
	}
	if a, err = g.settleImages(p, r, a); err != nil {
		return planned{}, err
	}
	after, err := p.Apply(before, a, at)
	if err != nil {
		return planned{}, err
	}
	if err := room(ctx, tree, p, before, after); err != nil {
		return planned{}, err
	}
	s := step{action: a, before: before, after: &after}
	if err := authorizeChanges(r.By, p, s); err != nil {
		return planned{}, err
	}
	if s.made, err = g.generate(ctx, tree, p, after, r.Manifests); err != nil {
		return planned{}, err
	}
	if a.Verb == staging.Restart {
		if err := restarts(s.made.objects, after); err != nil {
			return planned{}, err
		}
	}
	if s.defaults, err = g.newDefaults(ctx, tree, p, after, a); err != nil {
		return planned{}, err
	}
	next, err := g.finish(ctx, tree, p, r, s)
	next.result.Note = stays
	if len(older) > 0 {
		next.result.Note = outrun(*before, older)
	}
	return next, err
}

// outrun says that newer builds than those of the deploy are there already.
func outrun(s staging.Staging, services []string) string {
	var words []string
	for _, name := range services {
		service := s.Spec.Services[name]
		word := name + " " + cmp.Or(service.Commit[:min(len(service.Commit), 7)], staging.ImageTag(service.Image))
		if service.Run.Number > 0 {
			word += fmt.Sprintf(" of run %d", service.Run.Number)
		}
		words = append(words, word)
	}
	return "a newer build is deployed: " + strings.Join(words, ", ")
}

// spared says why a branch's staging is not deleted with it, "" when it is.
// A pipeline asks whenever a branch is merged, closed or gone.
func spared(tree *envrepo.Tree, p *project.Project, a staging.Action) (string, error) {
	if a.Verb != staging.Delete || a.Branch == "" {
		return "", nil
	}
	if p.Permanent(a.Name, a.Branch) {
		return fmt.Sprintf("the staging of %s is permanent: `octopod delete %s` removes it", a.Branch, a.Name), nil
	}
	if exists, err := tree.Has(a.Name); err != nil || exists {
		return "", err
	}
	return fmt.Sprintf("branch %s has no staging", a.Branch), nil
}

// leaving turns a deletion into less where another repository has built on the
// branch as well: the staging goes with the last of them. It says why.
func leaving(tree *envrepo.Tree, a staging.Action) (staging.Action, string) {
	if a.Verb != staging.Delete || a.Branch == "" || a.Repository == "" {
		return a, ""
	}
	record, err := catalog.FindRecord(tree, a.Name)
	if err != nil || record == nil {
		return a, "" // what cannot be read can be removed
	}
	others := project.BuiltElsewhere(*record, a.Repository)
	if len(others) == 0 {
		return a, ""
	}
	return staging.Action{Verb: staging.Set, Name: a.Name, Repository: a.Repository, Reason: "branch gone from " + giturl.Redact(a.Repository)},
		fmt.Sprintf("%s is built on the branch too: the staging goes with the last", strings.Join(others, ", "))
}

// removes tells whether a delete takes the record away at once: when nothing
// outside the cluster must be torn down first, or that is over.
func removes(p *project.Project, a staging.Action) bool {
	return a.Verb == staging.Delete && (a.Finish || p.Spec.Lifecycle.Teardown == "")
}

// planRemoval deletes the directory, also of a record that cannot be read.
func (g *Writer) planRemoval(ctx context.Context, tree *envrepo.Tree, p *project.Project, a staging.Action, r Request) (planned, error) {
	if err := catalog.MustExist(tree, a.Name); err != nil {
		return planned{}, err
	}
	before, err := catalog.FindRecord(tree, a.Name)
	if err == nil || staging.CodeOf(err) == staging.CodeInvalid {
		err = r.current(p, before)
	}
	if err != nil {
		return planned{}, err
	}
	return g.finish(ctx, tree, p, r, step{action: a, before: before})
}

// step is the change of one staging: before nil means it is new or unreadable,
// after nil that it goes.
type step struct {
	action        staging.Action
	before, after *staging.Staging
	made          generated
	defaults      newDefaults
}

// finish turns a step into a commit and into what the actor is told.
func (g *Writer) finish(ctx context.Context, tree *envrepo.Tree, p *project.Project, r Request, s step) (planned, error) {
	dir := staging.Dir(s.action.Name)
	next := planned{
		edit: envrepo.Edit{
			Verb: s.action.Verb, Staging: s.action.Name, By: r.By.Person, Via: r.By.Via, Request: r.By.Request, Key: r.By.Key,
		},
		result: Result{Name: s.action.Name, Changes: differences(p, s), After: s.made.objects, Refused: s.defaults.refused},
	}
	next.edit.Subject, next.edit.Body = describe(s, next.result.Changes)
	for _, c := range s.defaults.changes {
		next.result.Changes = append(next.result.Changes, c)
		next.edit.Body = strings.TrimPrefix(next.edit.Body+"\n"+c.String(), "\n")
	}
	if s.after == nil {
		next.edit.Remove = []string{dir}
	} else {
		next.edit.Replace = append([]envrepo.Directory{{Path: dir, Files: s.made.files}}, s.defaults.followers...)
		next.edit.Write = s.defaults.project
		v := catalog.View(p, *s.after, tree.Revision())
		next.result.Staging = &v
	}
	exists, err := tree.Has(s.action.Name)
	if err != nil {
		return planned{}, err
	}
	if r.Manifests && exists {
		// What is there may be broken; that must not keep anybody from mending it.
		next.result.Before, _ = g.CommittedObjects(ctx, tree, p, s.action.Name)
	}
	plan, err := next.edit.Plan(tree)
	next.result.Plan = plan
	return next, err
}
