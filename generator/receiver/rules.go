package receiver

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"octopod/generator/branch"
	"octopod/generator/catalog"
	"octopod/generator/change"
	"octopod/generator/envrepo"
	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// ProcessResult is the outcome of one event.
type ProcessResult struct {
	Staging  string             // the staging of the branch; "" without one
	Verb     staging.Verb       // of the action; "" without one
	Changed  bool               // a commit was made
	Text     string             // why there was no action, or a note on the action
	Awaits   map[string]string  // missing images by service: try again when they are pushed
	Revision string             // of the commit
	Plan     []staging.PlanItem // what the commit changed
}

// ProcessRequest is one event to process.
type ProcessRequest struct {
	Event branch.Event
	// Redelivered marks a redelivered or old event. The event's own commit is then
	// ignored in favour of the head of the branch.
	Redelivered bool
	// Lost marks a push that Reconcile found. It updates an existing staging even if the
	// rules would not create one.
	Lost    bool
	Request string // id of the webhook, recorded in the commit
}

// Process selects the action of an event by rules and runs it: it deploys a push, and
// archives the staging of a deleted branch. Events may arrive twice, late and in any
// order, so the decision depends on the present heads and the present record. A branch
// without a staging is no error.
func (g *Receiver) Process(ctx context.Context, r ProcessRequest) (ProcessResult, error) {
	f, err := g.planEvent(ctx, r)
	switch {
	case err != nil:
		return ProcessResult{}, err
	case len(f.services) == 0 && giturl.SameRepository(f.project.Spec.ArgoCD.RepoURL, r.Event.Repository):
		return ProcessResult{Text: "a push to the env repo: the server reads it now"}, nil
	case len(f.services) == 0:
		return f.noAction("no service of the project is built from %s", r.Event.Repository)
	}
	switch r.Event.Kind {
	case branch.Pushed:
		return f.onPush(ctx)
	case branch.Deleted:
		return f.onBranchDeleted(ctx)
	case branch.PullChanged:
		return f.onPullRequest(ctx)
	}
	return f.noAction("nothing follows from it")
}

// eventPlan is one event, with the project, services and staging that it concerns.
type eventPlan struct {
	*Receiver
	ProcessRequest
	project    *project.Project
	services   map[string]project.Service // the services that are built from the repository
	repository string                     // its name in octopod.yaml
	name       string
	record     *staging.Staging // nil when there is none yet
}

func (g *Receiver) planEvent(ctx context.Context, r ProcessRequest) (*eventPlan, error) {
	tree, p, err := g.Latest(ctx)
	if err != nil {
		return nil, err
	}
	f := &eventPlan{Receiver: g, ProcessRequest: r, project: p, services: map[string]project.Service{}}
	for name, service := range p.Spec.Services {
		if r.Event.Of(service.Repository) {
			f.services[name], f.repository = service, service.Repository
		}
	}
	f.name, f.record, err = StagingOf(tree, p, r.Event.Branch)
	return f, err
}

// StagingOf returns the name of a branch's staging, and its record or nil.
func StagingOf(tree *envrepo.Tree, p *project.Project, branch string) (string, *staging.Staging, error) {
	name, err := p.NameFor(branch, func(name string) (string, error) { return catalog.OwnerOf(tree, name) })
	if err != nil {
		return "", nil, err
	}
	record, err := catalog.FindRecord(tree, name)
	return name, record, err
}

// noAction returns a result with the reason why there was no action.
func (f *eventPlan) noAction(format string, args ...any) (ProcessResult, error) {
	done := ProcessResult{Text: fmt.Sprintf(format, args...)}
	if f.record != nil {
		done.Staging = f.name
	}
	return done, nil
}

// apply runs the action. On a version conflict the caller reads the record again and
// decides again.
func (f *eventPlan) apply(ctx context.Context, a staging.Action, version string) (ProcessResult, error) {
	by := rights.Actor{Person: f.Event.By, Via: staging.ViaWebhook, Request: f.Request}
	by.Person.Name = cmp.Or(by.Person.Name, "webhook")
	result, err := f.Apply(ctx, change.Request{Action: a, By: by, Version: version})
	if awaited := missingImages(err, a); len(awaited) > 0 {
		return ProcessResult{Staging: f.name, Awaits: awaited}, nil
	}
	if err != nil {
		return ProcessResult{Staging: f.name, Verb: a.Verb}, err
	}
	return ProcessResult{
		Staging: result.Name, Verb: a.Verb, Changed: result.Changed, Text: cmp.Or(result.Note, a.Reason), Revision: result.Revision, Plan: result.Plan,
	}, nil
}

// missingImages returns the images that a refused deploy lacks, by service. CI may
// still push them.
func missingImages(err error, a staging.Action) map[string]string {
	missing := map[string]string{}
	for _, p := range staging.ProblemsOf(err) {
		for name, build := range a.Images {
			if p.Image != "" && p.Image == build.Image {
				missing[name] = build.Image
			}
		}
	}
	return missing
}

func (f *eventPlan) onPush(ctx context.Context) (ProcessResult, error) {
	if why := f.project.SkipReason(f.candidate()); why != "" && (!f.Lost || f.record == nil) {
		return f.noAction("%s", why)
	}
	return f.deploy(ctx)
}

func (f *eventPlan) candidate() project.Candidate {
	c := project.Candidate{Branch: f.Event.Branch, Bot: f.Event.Bot}
	if pull := f.Event.Pull; pull != nil {
		c.Pull, c.Fork, c.Draft, c.Labels = true, pull.Fork, pull.Draft, pull.Labels
	}
	return c
}

// deploy deploys what CI builds of the new head.
func (f *eventPlan) deploy(ctx context.Context) (ProcessResult, error) {
	outdated, err := f.checkOrder(ctx)
	if err != nil || outdated != "" {
		return ProcessResult{Staging: f.name, Text: outdated}, err
	}
	builds := f.builds()
	if len(builds) == 0 {
		return f.noAction("CI deploys what it builds of %s: no service declares its image (spec.services.*.build)", f.Event.Repository)
	}
	return f.apply(ctx, staging.Action{Verb: staging.Deploy, Branch: f.Event.Branch, Images: builds, PullRequest: f.pullRequest()}, "")
}

// builds returns the images that CI builds of the head, by service.
func (f *eventPlan) builds() map[string]staging.Build {
	builds := map[string]staging.Build{}
	for name, service := range f.services {
		if image := service.ImageOf(f.Event.Commit); image != "" {
			builds[name] = staging.Build{
				Image: image, Commit: f.Event.Commit, Repository: f.Event.Repository, Committed: f.Event.Committed, Replaces: f.Event.Before,
			}
		}
	}
	return builds
}

// checkOrder returns why an event is outdated, or "". A push whose parent is the
// running commit is the next one, whatever its commit time. Otherwise checkOrder queries
// the head of the branch: pushes arrive out of order, some get lost, and a forced push
// may return to an older commit. If the repository is unreachable, the time of the
// commits decides.
func (f *eventPlan) checkOrder(ctx context.Context) (outdated string, err error) {
	e := &f.Event
	runs, unsure := "", f.Redelivered || len(e.Commit) < fullHashLength
	for name := range f.services {
		if f.record == nil {
			break
		}
		switch service := f.record.Spec.Services[name]; {
		case service.From != staging.FromBranch || service.Branch != "" || SameCommit(service.Commit, e.Commit):
		case e.Before == "" || !SameCommit(service.Commit, e.Before):
			runs, unsure = service.Commit, true
		default:
			e.Before = service.Commit
		}
	}
	if !unsure {
		return "", nil
	}
	switch head, known := f.head(ctx); {
	case !known && len(e.Commit) < fullHashLength:
		return "", staging.Errorf(staging.CodeUnavailable, "%s shortens its commits, and does not answer a query for the full hash", e.Repository)
	case !known:
		e.Before = ""
	case head == "":
		return "branch " + e.Branch + " is gone by now", nil
	case !strings.HasPrefix(head, e.Commit):
		return fmt.Sprintf("branch %s is at %.7s by now, not at %.7s", e.Branch, head, e.Commit), nil
	default:
		e.Commit, e.Before = head, cmp.Or(runs, e.Before)
	}
	return "", nil
}

// fullHashLength is the least number of digits of a full hash.
const fullHashLength = 40

// SameCommit reports whether two hashes, of which one may be short, are the same commit.
func SameCommit(a, b string) bool {
	const fewest = 7
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= fewest && strings.HasPrefix(b, a)
}

// head returns the commit of the branch now, or "" if the branch is gone.
func (f *eventPlan) head(ctx context.Context) (commit string, known bool) {
	if f.Heads == nil {
		return "", false
	}
	heads, err := f.Heads.Heads(ctx, f.repository)
	if err != nil || len(heads) == 0 { // no branches at all means an error of the repository
		return "", false
	}
	return heads[f.Event.Branch], true
}

// onPullRequest processes a change of a pull request. Where pushes create stagings, it
// only updates what a staging shows of its pull request.
func (f *eventPlan) onPullRequest(ctx context.Context) (ProcessResult, error) {
	pull, byPull := f.Event.Pull, f.project.Spec.Branches.From == project.FromPullRequest
	why := f.project.SkipReason(f.candidate())
	switch {
	case pull.Fork != "":
		return f.noAction("%s", why)
	case byPull && pull.Closed:
		return f.onPullRequestLost(ctx, fmt.Sprintf("pull request %d is closed", pull.Number))
	case byPull && why != "" && pull.MayDisqualify:
		return f.onPullRequestLost(ctx, fmt.Sprintf("pull request %d: %s", pull.Number, why))
	case pull.Closed:
		return f.noAction("pull request %d is closed: the staging goes with the branch", pull.Number)
	case why == "" && (pull.HeadChanged || !f.runsHead()):
		return f.deploy(ctx)
	case f.record == nil:
		return f.noAction("%s", why)
	}
	request := f.pullRequest()
	if request == nil {
		return f.noAction("the staging shows another pull request already")
	}
	return f.apply(ctx, staging.Action{Verb: staging.Set, Name: f.name, PullRequest: request}, "")
}

// runsHead reports whether the staging runs the head of the event.
func (f *eventPlan) runsHead() bool {
	if f.record == nil {
		return false
	}
	for name := range f.services {
		if SameCommit(f.record.Spec.Services[name].Commit, f.Event.Commit) {
			return true
		}
	}
	return false
}

// pullRequest returns the pull request for the record, or nil to keep the present one:
// when several repositories have a pull request for the branch, the first one stays.
func (f *eventPlan) pullRequest() *staging.PullRequest {
	if f.Event.Pull == nil {
		return nil
	}
	next := f.Event.Pull.PullRequest
	if f.record == nil || f.record.Spec.PullRequest == nil {
		return &next
	}
	was := *f.record.Spec.PullRequest
	if was.URL != "" && was.URL != next.URL || was.Number != next.Number {
		return nil
	}
	next.Author = cmp.Or(next.Author, was.Author)
	return &next
}

// onPullRequestLost archives a staging whose pull request was closed or no longer fits.
func (f *eventPlan) onPullRequestLost(ctx context.Context, why string) (ProcessResult, error) {
	if f.record == nil {
		return f.noAction("%s, and there is no staging", why)
	}
	input := project.SweepInput{Now: f.Now(), Branches: f.allBranches(ctx)}
	return f.applyDecision(ctx, f.project.DecideClosedPullRequest(*f.record, f.repository, why, input))
}

// onBranchDeleted applies the decision of the next sweep now.
func (f *eventPlan) onBranchDeleted(ctx context.Context) (ProcessResult, error) {
	if f.record == nil {
		return f.noAction("branch %s has no staging", f.Event.Branch)
	}
	input := project.SweepInput{Now: f.Now(), Branches: f.allBranches(ctx), Deleted: project.DeletedBranch{Repository: f.repository, Branch: f.Event.Branch}}
	return f.applyDecision(ctx, f.project.DecideDeletedBranch(*f.record, input))
}

func (f *eventPlan) allBranches(ctx context.Context) map[string][]string {
	if f.Heads == nil {
		return nil
	}
	_, branches := catalog.ListBranches(ctx, f.Heads, f.project.Repositories())
	return branches
}

func (f *eventPlan) applyDecision(ctx context.Context, d project.Decision) (ProcessResult, error) {
	d.Staging = f.name
	a, changes := d.Action()
	if !changes {
		return f.noAction("it stays: %s", d.Reason)
	}
	return f.apply(ctx, a, rights.Version(*f.record))
}
