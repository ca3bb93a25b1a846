package change

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/staging"
)

// planAction plans every verb except rollback.
func (w *Writer) planAction(ctx context.Context, tree *envrepo.Tree, t task) (planned, error) {
	to, a, err := resolveTarget(ctx, tree, t.Action)
	if err != nil {
		return planned{}, err
	}
	if err := t.authorize(to.project, t.requested(a)); err != nil {
		return planned{}, err
	}
	if err := t.By.CheckOrigin(to.project, to.record, a); err != nil {
		return planned{}, err
	}
	if reason := to.keepReason(a); reason != "" {
		return to.unchanged(reason), nil
	}
	if err := to.checkFinish(a); err != nil {
		return planned{}, err
	}
	a, note := to.narrowDelete(a)
	if to.deletesAtOnce(a) {
		return w.planDelete(ctx, t, to, a)
	}
	if err := to.requireRecord(t, a); err != nil {
		return planned{}, err
	}
	next, err := w.planUpdate(ctx, t, to, a)
	next.result.Note = cmp.Or(next.result.Note, note)
	return next, err
}

// requireRecord rejects an action on a staging that does not exist, is unreadable,
// or has another version than the request expects.
func (to target) requireRecord(t task, a staging.Action) error {
	if to.recordErr != nil {
		return to.recordErr
	}
	if err := t.checkVersion(to.project, to.record); err != nil {
		return err
	}
	if to.record == nil && a.Verb != staging.Deploy && a.Verb != staging.Create {
		return catalog.NotFoundFor(to.tree, a)
	}
	return nil
}

// planUpdate plans an action that creates a staging or changes its record: the next
// record, its rendered and checked files, and the commit.
func (w *Writer) planUpdate(ctx context.Context, t task, to target, a staging.Action) (planned, error) {
	a, superseded := a.WithoutOlderBuilds(to.record)
	if len(superseded) > 0 && len(a.Images) == 0 {
		next := to.unchanged(supersededNote(*to.record, superseded))
		next.result.Staging = to.view(*to.record, to.content)
		return next, nil
	}
	a, unchecked, err := w.resolveImages(to.project, a, t.digests)
	if err != nil || len(unchecked) > 0 {
		return planned{unchecked: unchecked}, err
	}
	after, err := w.nextRecord(ctx, t, to, a)
	if err != nil {
		return planned{}, err
	}
	if err := w.bindMark(ctx, to, a, &after); err != nil {
		return planned{}, err
	}
	if unchecked := w.pinDefaults(to.project, a, to.record, &after, t.digests); len(unchecked) > 0 {
		return planned{unchecked: unchecked}, nil
	}
	next, err := w.planRecord(ctx, t, update{target: to, action: a, after: &after})
	if len(superseded) > 0 {
		next.result.Note = joinNotes(supersededNote(*to.record, superseded), next.result.Note)
	}
	return next, err
}

// nextRecord returns the record after an action, if the project has room for it and the
// actor may change its settings.
func (w *Writer) nextRecord(ctx context.Context, t task, to target, a staging.Action) (staging.Staging, error) {
	after, err := to.project.Apply(to.record, a, t.stamp)
	if err != nil {
		return after, err
	}
	if err := w.checkOwners(ctx, to); err != nil {
		return after, err
	}
	if err := to.checkQuota(ctx, after); err != nil {
		return after, err
	}
	if err := authorizeData(t.By, to.project, a, to.record, after); err != nil {
		return after, err
	}
	return after, authorizeSettings(t.By, to.project, to.record, after)
}

// planRecord plans the files of a new or changed record, and what they change beyond
// the staging.
func (w *Writer) planRecord(ctx context.Context, t task, u update) (planned, error) {
	if err := w.generateUpdate(ctx, &u, t.Manifests); err != nil {
		return planned{}, err
	}
	unchecked, note := w.uncheckedObjects(ctx, u, t.digests)
	if len(unchecked) > 0 {
		return planned{unchecked: unchecked}, nil
	}
	if err := checkRestart(u); err != nil {
		return planned{}, err
	}
	var err error
	if u.promotion, err = w.promoteDefaults(ctx, u, t.By, u.project.NewDefaultImages(*u.after, u.action)); err != nil {
		return planned{}, err
	}
	next, err := u.plan(ctx, w, t)
	if len(next.result.Plan) > 0 {
		next.result.Note = joinNotes(note, next.result.Note)
	}
	return next, err
}

// supersededNote lists the services that run a newer build than the deploy brings.
func supersededNote(s staging.Staging, services []string) string {
	var builds []string
	for _, name := range services {
		service := s.Spec.Services[name]
		build := name + " " + cmp.Or(service.Commit[:min(len(service.Commit), 7)], staging.ImageTag(service.Image))
		if service.Run.Number > 0 {
			build += fmt.Sprintf(" of run %d", service.Run.Number)
		}
		builds = append(builds, build)
	}
	return "a newer build is deployed: " + strings.Join(builds, ", ")
}
