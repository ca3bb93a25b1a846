package billing

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"octopod/generator/bounded"
	"octopod/generator/catalog"
	"octopod/generator/cost"
	"octopod/generator/envrepo"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// maxPriced bounds the contents of stagings whose requests are remembered.
const maxPriced = 50_000

// Billing reports what stagings cost. It is safe for use by many goroutines.
type Billing struct {
	catalog *catalog.Catalog

	mu     sync.Mutex
	priced *bounded.Map[content, cost.Point]
	known  known
	read   read
}

// content is a version of a staging: the hashes of its directory and of the templates.
type content struct{ name, tree, templates string }

// known is the last answer of lives for all stagings.
type known struct {
	tip   string
	from  time.Time
	lives []cost.Life
}

// read is the last answer of timelines.
type read struct {
	tip       string
	timelines map[string][]envrepo.Moment
}

// New returns the Billing of an env repo.
func New(c *catalog.Catalog) *Billing {
	return &Billing{catalog: c, priced: bounded.NewMap[content, cost.Point](maxPriced)}
}

// Cost reports what stagings cost, at the prices of the tip.
func (b *Billing) Cost(ctx context.Context, q cost.Query) (cost.Report, error) {
	tree, p, err := b.catalog.Latest(ctx)
	if err != nil {
		return cost.Report{}, err
	}
	if !p.HasPrices() {
		return cost.Report{}, staging.Errorf(staging.CodeInvalid, "the project has no price table").
			WithTechnicalHint("add spec.cost to %s; docs/cost.md has an example", project.File)
	}
	if q, err = b.complete(p, q); err != nil {
		return cost.Report{}, err
	}
	lives, err := b.lives(ctx, tree, p, q)
	if err != nil {
		return cost.Report{}, err
	}
	for _, name := range q.Names {
		if !slices.ContainsFunc(lives, func(l cost.Life) bool { return l.Staging == name }) {
			return cost.Report{}, catalog.NotFound(tree, name)
		}
	}
	return cost.ReportOf(p.Spec.Cost, lives, q), nil
}

// complete fills in the defaults of a query.
func (b *Billing) complete(p *project.Project, q cost.Query) (cost.Query, error) {
	if q.Until.IsZero() {
		q.Until = b.catalog.Now()
	}
	if q.Since.IsZero() {
		q.Since = cost.WeekBefore(p.Spec.Cost, q.Until, cost.DefaultWeeks-1)
	}
	if q.By == "" {
		q.By = cost.ByStaging
	}
	switch {
	case !slices.Contains(cost.Groups(), q.By):
		return q, staging.Errorf(staging.CodeInvalid, "%q is not a group: choose staging, author, owner or week", q.By)
	case !q.Since.Before(q.Until):
		return q, staging.Errorf(staging.CodeInvalid, "the time begins at %s and ends at %s", q.Since.Format(time.RFC3339), q.Until.Format(time.RFC3339)).
			WithHint("give a beginning in the past")
	}
	return q, nil
}

// lives returns the lives of the stagings of a query, as far as they reach into its time and
// the calendar month of its end.
func (b *Billing) lives(ctx context.Context, tree *envrepo.Tree, p *project.Project, q cost.Query) ([]cost.Life, error) {
	from := cost.WeekBefore(p.Spec.Cost, q.Since, 0)
	if month := cost.MonthOf(p.Spec.Cost, q.Until); month.Before(from) {
		from = month
	}
	b.mu.Lock()
	last := b.known
	b.mu.Unlock()
	if last.tip == tree.Revision() && !last.from.After(from) {
		return last.lives, nil
	}
	timelines, err := b.timelines(ctx, tree, p)
	if err != nil {
		return nil, err
	}
	lives, err := b.livesOf(ctx, timelines, q.Names, from)
	if err == nil && len(q.Names) == 0 {
		b.mu.Lock()
		b.known = known{tree.Revision(), from, lives}
		b.mu.Unlock()
	}
	return lives, err
}

// timelines returns the timelines at the tip. It reads the history once for each tip.
func (b *Billing) timelines(ctx context.Context, tree *envrepo.Tree, p *project.Project) (map[string][]envrepo.Moment, error) {
	b.mu.Lock()
	last := b.read
	b.mu.Unlock()
	if last.tip == tree.Revision() && last.tip != "" {
		return last.timelines, nil
	}
	timelines, err := b.catalog.Repo.Timelines(ctx, tree, p.TemplateRoots())
	if err == nil {
		b.mu.Lock()
		b.read = read{tree.Revision(), timelines}
		b.mu.Unlock()
	}
	return timelines, err
}

// livesOf prices the timelines of stagings, on all cores.
func (b *Billing) livesOf(ctx context.Context, timelines map[string][]envrepo.Moment, names []string, from time.Time) ([]cost.Life, error) {
	var mu sync.Mutex
	var all []cost.Life
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for name, moments := range timelines {
		if len(names) > 0 && !slices.Contains(names, name) || !staging.IsLabel(name) {
			continue
		}
		work.Go(func() error {
			lives, err := b.livesOfOne(ctx, name, moments, from)
			mu.Lock()
			defer mu.Unlock()
			all = append(all, lives...)
			return err
		})
	}
	return all, work.Wait()
}

// livesOfOne splits a timeline at deletions.
func (b *Billing) livesOfOne(ctx context.Context, name string, moments []envrepo.Moment, from time.Time) ([]cost.Life, error) {
	var lives []cost.Life
	for len(moments) > 0 {
		end := slices.IndexFunc(moments, func(m envrepo.Moment) bool { return m.Gone }) + 1
		if end == 0 {
			end = len(moments)
		}
		life := moments[:end]
		moments = moments[end:]
		if last := life[len(life)-1]; last.Gone && last.At.Before(from) {
			continue
		}
		l, err := b.life(ctx, name, life, from)
		if err != nil {
			return nil, err
		}
		lives = append(lives, l)
	}
	return lives, nil
}

// life prices the moments of one life that matter after from: those after it, the one before,
// and where that one is asleep the last one awake.
func (b *Billing) life(ctx context.Context, name string, moments []envrepo.Moment, from time.Time) (cost.Life, error) {
	l := cost.Life{Staging: name}
	l.Branch, l.Author = b.attribution(ctx, name, moments)
	for i := len(moments) - 1; i >= 0; i-- {
		point, err := b.point(ctx, name, moments[i])
		if err != nil {
			return l, err
		}
		if after := len(l.Points) > 0; after && point.State != staging.Active && moments[i+1].At.Before(from) {
			continue // asleep before a time asleep
		}
		l.Points = append(l.Points, point)
		if !point.Gone && point.At.Before(from) && point.State == staging.Active && !point.Unknown {
			break
		}
	}
	slices.Reverse(l.Points)
	return l, nil
}
