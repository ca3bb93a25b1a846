package generator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// sight is what Argo CD says at one moment. A sight of nothing, with a cause,
// is one too: Argo CD is away.
type sight struct {
	apps      map[string]staging.Application // by the name of the staging
	awaySince time.Time
	cause     error
}

// has tells whether Argo CD has an Application of a staging.
func (s *sight) has(name string) bool { _, there := s.apps[name]; return there }

// sight sees Argo CD now. Without an Argo CD there is no sight.
func (g *Stagings) sight(ctx context.Context, p *project.Project) (Cluster, *sight) {
	cluster, err := g.connected(p)
	if cluster == nil && err == nil {
		return nil, nil
	}
	var apps []staging.Application
	if err == nil {
		apps, err = cluster.Applications(ctx)
	}
	if err != nil {
		return cluster, &sight{awaySince: g.Now(), cause: err}
	}
	seen := &sight{apps: make(map[string]staging.Application, len(apps))}
	for _, app := range apps {
		seen.apps[app.Staging] = app
	}
	return cluster, seen
}

// judge tells how stagings are: one tip of the env repo against what Argo CD
// says. It is safe for use by many goroutines.
type judge struct {
	*Stagings
	cluster Cluster
	tip     *envrepo.Tree
	project *project.Project

	mu        sync.Mutex
	trees     map[string]*envrepo.Tree // by revision; nil for one that the branch does not have
	changedAt map[version]time.Time
}

// version is a staging with a certain content beside its record.
type version struct{ name, content string }

func (g *Stagings) newJudge(cluster Cluster, tip *envrepo.Tree, p *project.Project) *judge {
	j := &judge{Stagings: g, cluster: cluster}
	j.move(tip, p)
	return j
}

// keptTrees bounds the revisions that a judge remembers. Applications of one
// project are mostly compared with the last few.
const keptTrees = 64

// move lets the judge see another tip. It must not be telling anything.
func (j *judge) move(tip *envrepo.Tree, p *project.Project) {
	j.tip, j.project = tip, p
	if len(j.trees) == 0 || len(j.trees) > keptTrees {
		j.trees, j.changedAt = map[string]*envrepo.Tree{}, map[version]time.Time{}
	}
	j.trees[tip.Revision()] = tip
}

// judgesAtOnce bounds the questions to Argo CD and to the env repo that are
// under way together.
const judgesAtOnce = 8

// tellAll fills in the status of every view.
func (j *judge) tellAll(ctx context.Context, seen *sight, views []staging.View) error {
	if err := j.prepare(ctx, seen, views); err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(judgesAtOnce)
	for i := range views {
		work.Go(func() error { return j.tell(ctx, seen, &views[i]) })
	}
	return work.Wait()
}

// prepare brings in one request for each revision what the comparisons of many
// stagings will ask for: those that Argo CD knows as something else.
func (j *judge) prepare(ctx context.Context, seen *sight, views []staging.View) error {
	compared := map[string][]string{} // directories by revision
	for _, v := range views {
		if app, there := seen.apps[v.Metadata.Name]; there && app.Revision != "" {
			compared[app.Revision] = append(compared[app.Revision], envrepo.StagingDir(v.Metadata.Name))
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(judgesAtOnce)
	for revision, dirs := range compared {
		work.Go(func() error {
			tree, err := j.at(ctx, revision)
			if err != nil || tree == nil {
				return err
			}
			behind := slices.DeleteFunc(dirs, func(dir string) bool { return hash(tree, dir) == hash(j.tip, dir) })
			return errors.Join(tree.Prefetch(ctx, behind...), j.tip.Prefetch(ctx, behind...))
		})
	}
	return work.Wait()
}

// tell fills in the status of one view. What cannot be read of the env repo is
// an error; what cannot be read of Argo CD is a status.
func (j *judge) tell(ctx context.Context, seen *sight, v *staging.View) error {
	if v.Status.Phase == staging.PhaseInvalid {
		return nil
	}
	o, err := j.observe(ctx, seen, v)
	if err != nil {
		return err
	}
	s := &v.Status
	s.Phase, s.Reason, s.Detail = staging.PhaseOf(o)
	s.Timings = timings(o, s.Phase)
	if o.App == nil {
		return nil
	}
	v.Past = staging.Remembered(o.App.Deployments)
	s.ObservedRevision = o.App.Revision
	for name, service := range s.Services {
		service.Live = living(o.App.Images, service.Wanted)
		s.Services[name] = service
	}
	return nil
}

// observe gathers what the phase of a staging follows from.
func (j *judge) observe(ctx context.Context, seen *sight, v *staging.View) (staging.Observation, error) {
	name := v.Metadata.Name
	o := staging.Observation{
		Now: j.Now(), State: v.Spec.State, Gone: !j.tip.Has(name), Wanted: map[string]string{},
		AwaySince: seen.awaySince,
	}
	if seen.cause != nil {
		o.AwayError = seen.cause.Error()
	}
	if app, there := seen.apps[name]; there {
		o.App = &app
	}
	if !o.AwaySince.IsZero() {
		return o, nil
	}
	if err := j.compare(ctx, name, &o); err != nil {
		return o, err
	}
	if needsPods(o) {
		pods, err := j.cluster.Pods(ctx, o.App.Name)
		o.Pods, o.PodsKnown = pods, err == nil // without them the reason stays general
	}
	return o, j.expect(ctx, v, &o)
}

// compare finds whether Argo CD speaks of what is committed now and, where it
// does not, since when that is so.
func (j *judge) compare(ctx context.Context, name string, o *staging.Observation) (err error) {
	if o.App != nil {
		if o.Compared, err = j.same(ctx, name, o.App.Revision); err != nil {
			return err
		}
		if op := o.App.Operation; op != nil {
			if o.Applied, err = j.same(ctx, name, op.Revision); err != nil {
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

// committedAt is when a staging became what it is, its record apart.
func (j *judge) committedAt(ctx context.Context, name string) (time.Time, error) {
	content, err := j.tip.Content(ctx, name)
	if err != nil {
		return time.Time{}, err
	}
	key := version{name, content}
	j.mu.Lock()
	at, known := j.changedAt[key]
	j.mu.Unlock()
	if known {
		return at, nil
	}
	if at, err = j.Repo.WrittenAt(ctx, name); err != nil {
		return time.Time{}, err
	}
	j.mu.Lock()
	j.changedAt[key] = at
	j.mu.Unlock()
	return at, nil
}

// same tells whether a staging at a revision is what it is at the tip, its
// record apart: no engine reads that. Its git tree tells: revisions differ with
// every commit of another staging.
func (j *judge) same(ctx context.Context, name, revision string) (bool, error) {
	if revision == "" {
		return false, nil
	}
	tree, err := j.at(ctx, revision)
	if err != nil || tree == nil {
		return false, err
	}
	if dir := envrepo.StagingDir(name); hash(tree, dir) == hash(j.tip, dir) {
		return true, nil
	}
	then, err := tree.Content(ctx, name)
	if err != nil {
		return false, err
	}
	now, err := j.tip.Content(ctx, name)
	return then == now, err
}

// hash is the git object of a path; "" where there is none.
func hash(tree *envrepo.Tree, path string) string {
	h, there := tree.TreeHash(path)
	if !there {
		return ""
	}
	return h
}

// at reads a revision once; nil when the branch does not have it.
func (j *judge) at(ctx context.Context, revision string) (*envrepo.Tree, error) {
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

// needsPods: health says minutes later what pods say now, and of an archived
// staging nothing but its pods tells that it sleeps.
func needsPods(o staging.Observation) bool {
	if o.App == nil || !o.Compared {
		return false
	}
	return o.App.Health != "Healthy" || o.State == staging.Archived && len(o.App.Images) > 0
}

// expect says which images must be live. A service whose image is not live may
// have no pod on purpose; only then is it worth rendering the staging to know.
func (j *judge) expect(ctx context.Context, v *staging.View, o *staging.Observation) error {
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
	objects, err := j.committed(ctx, j.tip, j.project, v.Metadata.Name)
	if err != nil {
		return nil // Argo CD will say what is wrong with it
	}
	images, err := staging.RunningImages(objects)
	if err != nil {
		return err
	}
	for name, image := range o.Wanted {
		if !slices.Contains(images, image) {
			delete(o.Wanted, name)
		}
	}
	return nil
}

// living lists the versions of an image that have pods.
func living(images []string, wanted string) []string {
	var live []string
	for _, image := range images {
		if staging.ImageName(image) == staging.ImageName(wanted) {
			live = append(live, image)
		}
	}
	return live
}

// timings are the steps that Argo CD's own times tell.
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

// leftovers are Applications whose stagings are gone from the env repo.
func leftovers(tip *envrepo.Tree, seen *sight) []staging.View {
	var views []staging.View
	for name := range seen.apps {
		if !tip.Has(name) {
			views = append(views, departed(name))
		}
	}
	slices.SortFunc(views, func(a, b staging.View) int { return strings.Compare(a.Metadata.Name, b.Metadata.Name) })
	return views
}

// departed shows a staging that the env repo no longer has.
func departed(name string) staging.View {
	s := staging.Staging{Name: name, Spec: staging.Spec{State: staging.Deleting}}
	return staging.View{Document: s.Document()}
}
