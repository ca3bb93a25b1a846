package status

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/catalog"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Snapshot is the state of all Applications of a project at one moment. While Argo CD
// is unreachable it is empty and holds the error.
type Snapshot struct {
	Apps      map[string]staging.Application // by staging
	AwaySince time.Time
	Err       error
	IdleSince time.Time // since when Argo CD compares nothing in spite of refreshes
	LostSince time.Time // since when Argo CD cannot reach the cluster of the stagings
	LostError error     // why
}

// Has reports whether Argo CD has an Application of a staging.
func (s *Snapshot) Has(name string) bool { _, there := s.Apps[name]; return there }

// Snapshot lists the Applications of the project. It returns nil when no Argo CD is
// configured.
func (g *Reader) Snapshot(ctx context.Context, p *project.Project) (Cluster, *Snapshot) {
	cluster, err := g.Connected(p)
	if cluster == nil && err == nil {
		return nil, nil
	}
	var apps []staging.Application
	if err == nil {
		limited, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		apps, err = cluster.Applications(limited)
	}
	if err != nil {
		return cluster, &Snapshot{AwaySince: g.MarkAway(), Err: err}
	}
	g.MarkBack()
	seen := &Snapshot{Apps: make(map[string]staging.Application, len(apps))}
	for _, app := range apps {
		seen.Apps[app.Staging] = app
	}
	return cluster, seen
}

// Evaluator derives the phase of stagings by comparing one commit of the env repo with
// what Argo CD reports. It is safe for use by many goroutines.
type Evaluator struct {
	*Reader
	Cluster Cluster
	Tip     *envrepo.Tree
	Project *project.Project
	inquiry *inquiry

	mu        sync.Mutex
	trees     map[string]*envrepo.Tree // by revision; nil when the branch does not have it
	changedAt map[contentKey]time.Time
}

// contentKey identifies a staging with one content, its record apart.
type contentKey struct{ name, content string }

// NewEvaluator returns an Evaluator for one tip of the env repo. Its requests to Argo CD
// end with ctx.
func (g *Reader) NewEvaluator(ctx context.Context, cluster Cluster, tip *envrepo.Tree, p *project.Project) *Evaluator {
	j := &Evaluator{Reader: g, Cluster: cluster, inquiry: newInquiry(ctx, cluster, findGrace, nil)}
	j.SetTip(tip, p)
	return j
}

// maxTrees bounds the revisions that an Evaluator keeps. Most Applications of a project
// are at one of the last few.
const maxTrees = 64

// SetTip switches to another commit. Do not call it while EvaluateAll runs.
func (j *Evaluator) SetTip(tip *envrepo.Tree, p *project.Project) {
	j.Tip, j.Project = tip, p
	if len(j.trees) == 0 || len(j.trees) > maxTrees {
		j.trees, j.changedAt = map[string]*envrepo.Tree{}, map[contentKey]time.Time{}
	}
	maps.DeleteFunc(j.trees, func(_ string, tree *envrepo.Tree) bool { return tree == nil }) // the new tip may have them
	j.trees[tip.Revision()] = tip
}

// Knows reports whether the Evaluator has read a revision, or searched the branch for it.
func (j *Evaluator) Knows(revision string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, known := j.trees[revision]
	return known
}

// MaxConcurrent bounds concurrent requests to Argo CD and to the env repo.
const MaxConcurrent = 8

// EvaluateAll fills in the status of every view. It fails only when the env repo cannot
// be read at all; what is wrong with one staging is in that staging's status.
func (j *Evaluator) EvaluateAll(ctx context.Context, seen *Snapshot, views []staging.View) error {
	if err := j.prefetch(ctx, seen, views); catalog.IsRepoFault(err) {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(MaxConcurrent)
	for i := range views {
		work.Go(func() error { return j.evaluate(ctx, seen, &views[i]) })
	}
	return work.Wait()
}

// prefetch fetches, in one request per revision, the directories that changed since the
// commit that Argo CD compared.
func (j *Evaluator) prefetch(ctx context.Context, seen *Snapshot, views []staging.View) error {
	compared := map[string][]string{} // directories by revision
	for _, v := range views {
		if app, there := seen.Apps[v.Metadata.Name]; there && app.Revision != "" {
			compared[app.Revision] = append(compared[app.Revision], staging.Dir(v.Metadata.Name))
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(MaxConcurrent)
	for revision, dirs := range compared {
		work.Go(func() error {
			tree, err := j.treeAt(ctx, revision)
			if err != nil || tree == nil {
				return err
			}
			behind := slices.DeleteFunc(dirs, func(dir string) bool { return catalog.SameAt(tree, j.Tip, dir) })
			return errors.Join(tree.Prefetch(ctx, behind...), j.Tip.Prefetch(ctx, behind...))
		})
	}
	return work.Wait()
}

// evaluate fills in the status of one view.
func (j *Evaluator) evaluate(ctx context.Context, seen *Snapshot, v *staging.View) error {
	if v.Status.Phase == staging.PhaseInvalid {
		return nil
	}
	o, err := j.observe(ctx, seen, v)
	switch {
	case catalog.IsRepoFault(err):
		return err
	case err != nil:
		SetUnreadable(v, err)
		return nil
	}
	s := &v.Status
	s.Phase, s.Reason, s.Detail = staging.PhaseOf(o)
	s.Timings = timings(o, s.Phase)
	if o.App == nil {
		return nil
	}
	v.Rollouts = staging.RolloutRecords(o.App.Deployments)
	s.ObservedRevision = o.App.Revision
	for name, service := range s.Services {
		service.Live = liveImages(o.App.Images, service.Wanted)
		s.Services[name] = service
	}
	return nil
}

// SetUnreadable sets the status of a staging whose files cannot be read.
func SetUnreadable(v *staging.View, err error) {
	v.Status.Phase, v.Status.Reason, v.Status.Detail = staging.PhaseUnknown, staging.Reason{Code: staging.ReasonUnreadableFiles}, err.Error()
}

// observe gathers the input of staging.PhaseOf.
func (j *Evaluator) observe(ctx context.Context, seen *Snapshot, v *staging.View) (staging.Observation, error) {
	name := v.Metadata.Name
	recorded, err := j.Tip.Has(name)
	if err != nil {
		return staging.Observation{}, err
	}
	o := staging.Observation{
		Now: j.Now(), State: v.Spec.State, Gone: !recorded, Wanted: map[string]string{},
		UnreachableSince: seen.AwaySince, IdleSince: seen.IdleSince, SetFault: j.currentFault(), LostSince: seen.LostSince,
	}
	if seen.LostError != nil {
		o.LostError = seen.LostError.Error()
	}
	if data := j.Project.Data(v.Staging()); data != nil {
		o.Data = staging.ObserveData(*data, v.Spec.Services[j.Project.Spec.Database.Migrate.Service].Image)
	}
	if seen.Err != nil {
		o.UnreachableError = seen.Err.Error()
	}
	if app, there := seen.Apps[name]; there {
		o.App = &app
	}
	if o.NeedsRemains() {
		if remains, known := j.inquiry.remains.get(ctx, o.App); known {
			o.Remains = &remains
		}
	}
	if !o.UnreachableSince.IsZero() || o.App != nil && (!o.IdleSince.IsZero() || !o.LostSince.IsZero()) {
		return o, nil
	}
	if err := j.compare(ctx, name, &o); err != nil {
		return o, err
	}
	if needsPods(o) {
		o.Pods, o.PodsKnown = j.inquiry.pods.get(ctx, o.App) // without pods the reason stays general
	}
	if o.NeedsWarnings() {
		o.Warnings, _ = j.inquiry.warnings.get(ctx, o.App) // without them the reason has no cause
	}
	if awaitsSync(o) {
		o.SyncBlock, _ = j.inquiry.blocks.get(ctx, o.App)
	}
	if err := j.expectImages(ctx, v, &o); err != nil {
		return o, err
	}
	if !o.PodsKnown && o.App != nil && len(o.MissingImages()) > 0 { // the list of images is proven only by the tree
		o.Pods, o.PodsKnown = j.inquiry.pods.get(ctx, o.App)
	}
	return o, nil
}

// compare determines whether Argo CD reports about the content committed now and, if
// not, since when the content is committed.
func (j *Evaluator) compare(ctx context.Context, name string, o *staging.Observation) (err error) {
	if o.App != nil {
		if o.Compared, err = j.SameContent(ctx, name, o.App.Revision); err != nil {
			return err
		}
		if op := o.App.Operation; op != nil {
			if o.Applied, err = j.SameContent(ctx, name, op.Revision); err != nil {
				return err
			}
		}
	}
	if o.App != nil && o.Compared && !o.Gone && len(o.App.Conditions) == 0 {
		return nil
	}
	o.Committed, err = j.committedAt(ctx, name)
	return err
}

// committedAt returns when the content of a staging, its record apart, was committed.
func (j *Evaluator) committedAt(ctx context.Context, name string) (time.Time, error) {
	content, err := j.Tip.ContentHash(ctx, name)
	if err != nil {
		return time.Time{}, err
	}
	key := contentKey{name, content}
	j.mu.Lock()
	at, known := j.changedAt[key]
	j.mu.Unlock()
	if known {
		return at, nil
	}
	if at, err = j.Repo.ContentChangedAt(ctx, name); err != nil {
		return time.Time{}, err
	}
	j.mu.Lock()
	j.changedAt[key] = at
	j.mu.Unlock()
	return at, nil
}

// SameContent reports whether a staging has the same content at a revision as at the
// tip, its record apart, which no engine reads. It compares git trees, because
// revisions differ with every commit of another staging.
func (j *Evaluator) SameContent(ctx context.Context, name, revision string) (bool, error) {
	if revision == "" {
		return false, nil
	}
	tree, err := j.treeAt(ctx, revision)
	if err != nil || tree == nil {
		return false, err
	}
	if catalog.SameAt(tree, j.Tip, staging.Dir(name)) {
		return true, nil
	}
	then, err := tree.ContentHash(ctx, name)
	if err != nil {
		return false, err
	}
	now, err := j.Tip.ContentHash(ctx, name)
	return then == now, err
}

// treeAt reads a revision once. It returns nil when the branch does not have it.
func (j *Evaluator) treeAt(ctx context.Context, revision string) (*envrepo.Tree, error) {
	j.mu.Lock()
	tree, known := j.trees[revision]
	j.mu.Unlock()
	if known {
		return tree, nil
	}
	tree, err := j.Repo.At(ctx, revision)
	if code := staging.CodeOf(err); code == staging.CodeNotFound || code == staging.CodeInvalid {
		tree, err = nil, nil
	}
	if err == nil {
		j.mu.Lock()
		j.trees[revision] = tree
		j.mu.Unlock()
	}
	return tree, err
}

// needsPods reports whether the phase depends on pods: pods fail minutes before the
// health does, and only pods show that an archived staging has stopped.
func needsPods(o staging.Observation) bool {
	if o.App == nil || !o.Compared {
		return false
	}
	return o.App.Health != "Healthy" || o.State == staging.Archived && len(o.App.Images) > 0
}

// awaitsSync reports whether a sync is due and none runs.
func awaitsSync(o staging.Observation) bool {
	if o.App == nil || !o.Compared || o.App.Sync == "Synced" || o.App.ManualSync || o.App.DeletedAt != nil {
		return false
	}
	return o.App.Operation == nil || !o.App.Operation.FinishedAt.IsZero()
}

// expectImages sets the images that must be live. A service whose image is not live may
// have no pod on purpose; only then is rendering worth it.
func (j *Evaluator) expectImages(ctx context.Context, v *staging.View, o *staging.Observation) error {
	if o.App == nil || !o.Compared || o.State != staging.Active {
		return nil
	}
	missing := false
	for name, service := range v.Spec.Services {
		o.Wanted[name] = service.Image
		missing = missing || !slices.Contains(o.App.Images, service.Image)
	}
	if !missing || o.App.Health != "Healthy" {
		return nil
	}
	images, err := j.committedImages(ctx, v.Metadata.Name)
	switch {
	case catalog.IsRepoFault(err):
		return err
	case err != nil:
		o.ManifestsError = err.Error()
		return nil
	}
	for name, image := range o.Wanted {
		if !slices.Contains(images, image) {
			delete(o.Wanted, name)
		}
	}
	return nil
}

// committedImages lists the images that run when a staging runs as committed.
func (j *Evaluator) committedImages(ctx context.Context, name string) ([]string, error) {
	objects, err := j.CommittedObjects(ctx, j.Tip, j.Project, name)
	if err != nil {
		return nil, err
	}
	return staging.RunningImages(objects)
}

// liveImages lists the live versions of an image.
func liveImages(images []string, wanted string) []string {
	var live []string
	for _, image := range images {
		if staging.ImageName(image) == staging.ImageName(wanted) {
			live = append(live, image)
		}
	}
	return live
}

// timings derives steps of a change from Argo CD's own times.
func timings(o staging.Observation, phase staging.Phase) staging.Timings {
	var t staging.Timings
	if !o.Committed.IsZero() {
		t.Committed = &o.Committed
	}
	if o.App == nil || !o.Applied || o.App.Operation == nil {
		return t
	}
	op := o.App.Operation
	t.Seen = &op.StartedAt
	if !op.FinishedAt.IsZero() && op.Phase == "Succeeded" {
		t.Synced = &op.FinishedAt
	}
	return t
}
