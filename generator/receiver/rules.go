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

// Followed says what came of an event.
type Followed struct {
	Staging  string             // that it is about; "" when there is none
	Verb     staging.Verb       // of the action; "" when there was none
	Changed  bool               // a commit was made
	Text     string             // why nothing was done, or more on what was
	Awaits   map[string]string  // images that are not there yet, by service: nothing was done, but can be soon
	Revision string             // of the commit
	Plan     []staging.PlanItem // that it brought
}

// FollowRequest is an event that the stagings follow.
type FollowRequest struct {
	Event branch.Event
	// Late is said of what was told before, or longer ago: then what the repository
	// says now counts alone.
	Late bool
	// Missed is said of a push that no webhook told of. A staging that is there
	// follows it, whatever makes new ones.
	Missed  bool
	Request string // an id that finds the webhook in the history
}

// Follow does what an event asks for: it deploys what was pushed, and archives
// what lost its branch. Events may come twice, late and in any order: what is
// done follows from what the repositories say now, and from what the record says.
// A branch that gets no staging is no error.
func (g *Receiver) Follow(ctx context.Context, r FollowRequest) (Followed, error) {
	f, err := g.following(ctx, r)
	switch {
	case err != nil:
		return Followed{}, err
	case len(f.services) == 0:
		return f.nothing("no service of the project is built from %s", r.Event.Repository)
	}
	switch r.Event.Kind {
	case branch.Pushed:
		return f.pushed(ctx)
	case branch.Deleted:
		return f.lost(ctx)
	case branch.PullChanged:
		return f.pull(ctx)
	}
	return f.nothing("nothing follows from it")
}

// following is one event and all that it is about.
type following struct {
	*Receiver
	FollowRequest
	project    *project.Project
	services   map[string]project.Service // that are built from the repository
	repository string                     // as octopod.yaml names it
	name       string
	record     *staging.Staging // nil when there is none yet
}

func (g *Receiver) following(ctx context.Context, r FollowRequest) (*following, error) {
	tree, p, err := g.Latest(ctx)
	if err != nil {
		return nil, err
	}
	f := &following{Receiver: g, FollowRequest: r, project: p, services: map[string]project.Service{}}
	for name, service := range p.Spec.Services {
		if giturl.SameRepository(service.Repository, r.Event.Repository) {
			f.services[name], f.repository = service, service.Repository
		}
	}
	f.name, f.record, err = StagingOf(tree, p, r.Event.Branch)
	return f, err
}

// StagingOf gives the name of a branch's staging, and its record where it has one.
func StagingOf(tree *envrepo.Tree, p *project.Project, branch string) (string, *staging.Staging, error) {
	name, err := p.NameFor(branch, func(name string) (string, error) { return catalog.OwnerOf(tree, name) })
	if err != nil {
		return "", nil, err
	}
	record, err := catalog.FindRecord(tree, name)
	return name, record, err
}

// nothing says why nothing was done.
func (f *following) nothing(format string, args ...any) (Followed, error) {
	done := Followed{Text: fmt.Sprintf(format, args...)}
	if f.record != nil {
		done.Staging = f.name
	}
	return done, nil
}

// apply carries out what follows. A record that somebody changed meanwhile is
// looked at again by who asked for a version.
func (f *following) apply(ctx context.Context, a staging.Action, version string) (Followed, error) {
	by := rights.Actor{Person: f.Event.By, Via: staging.ViaWebhook, Request: f.Request}
	by.Person.Name = cmp.Or(by.Person.Name, "webhook")
	result, err := f.Apply(ctx, change.Request{Action: a, By: by, Version: version})
	if awaited := missingImages(err, a); len(awaited) > 0 {
		return Followed{Staging: f.name, Awaits: awaited}, nil
	}
	if err != nil {
		return Followed{Staging: f.name, Verb: a.Verb}, err
	}
	return Followed{
		Staging: result.Name, Verb: a.Verb, Changed: result.Changed, Text: cmp.Or(result.Note, a.Reason), Revision: result.Revision, Plan: result.Plan,
	}, nil
}

// missingImages are those that a deploy was refused for, by service: they may still come.
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

func (f *following) pushed(ctx context.Context) (Followed, error) {
	if why := f.project.SkipReason(f.candidate()); why != "" && (!f.Missed || f.record == nil) {
		return f.nothing("%s", why)
	}
	return f.deploy(ctx)
}

func (f *following) candidate() project.Candidate {
	c := project.Candidate{Branch: f.Event.Branch, Bot: f.Event.Bot}
	if pull := f.Event.Pull; pull != nil {
		c.Pull, c.Fork, c.Draft, c.Labels = true, pull.Fork, pull.Draft, pull.Labels
	}
	return c
}

// deploy brings what CI builds of the new head.
func (f *following) deploy(ctx context.Context) (Followed, error) {
	outdated, err := f.order(ctx)
	if err != nil || outdated != "" {
		return Followed{Staging: f.name, Text: outdated}, err
	}
	builds := f.builds()
	if len(builds) == 0 {
		return f.nothing("CI deploys what it builds of %s: no service says which image that is (spec.services.*.build)", f.Event.Repository)
	}
	return f.apply(ctx, staging.Action{Verb: staging.Deploy, Branch: f.Event.Branch, Images: builds, PullRequest: f.request()}, "")
}

// builds are the images that CI makes of the head.
func (f *following) builds() map[string]staging.Build {
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

// order says why an event is outdated; "" when it is not. A push that follows on
// what runs is the next one, whatever the clocks of its authors say. With any
// other the repository is asked: pushes overtake each other, some are lost, and
// who resets a branch puts an older commit there on purpose. Only where it does
// not answer, the time of the commits decides.
func (f *following) order(ctx context.Context) (outdated string, err error) {
	e := &f.Event
	runs, unsure := "", f.Late || len(e.Commit) < fullHash
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
	case !known && len(e.Commit) < fullHash:
		return "", staging.Errorf(staging.CodeUnavailable, "%s shortens its commits, and cannot be asked for the whole", e.Repository)
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

// fullHash is how many digits a commit has at least.
const fullHash = 40

// SameCommit compares two hashes of which one may be shortened.
func SameCommit(a, b string) bool {
	const fewest = 7
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) >= fewest && strings.HasPrefix(b, a)
}

// head asks where the branch is now; "" when it is gone.
func (f *following) head(ctx context.Context) (commit string, known bool) {
	if f.Heads == nil {
		return "", false
	}
	heads, err := f.Heads.Heads(ctx, f.repository)
	if err != nil || len(heads) == 0 { // no repository has no branch at all
		return "", false
	}
	return heads[f.Event.Branch], true
}

// pull follows a pull request. Where pushes make stagings, it only says more of one.
func (f *following) pull(ctx context.Context) (Followed, error) {
	pull, byPull := f.Event.Pull, f.project.Spec.Branches.From == project.FromPullRequest
	why := f.project.SkipReason(f.candidate())
	switch {
	case pull.Fork != "":
		return f.nothing("%s", why)
	case byPull && pull.Closed:
		return f.withdraw(ctx, fmt.Sprintf("pull request %d is closed", pull.Number))
	case byPull && why != "" && pull.Left:
		return f.withdraw(ctx, fmt.Sprintf("pull request %d: %s", pull.Number, why))
	case pull.Closed:
		return f.nothing("pull request %d is closed: the staging goes with the branch", pull.Number)
	case why == "" && (pull.Moved || !f.runs()):
		return f.deploy(ctx)
	case f.record == nil:
		return f.nothing("%s", why)
	}
	request := f.request()
	if request == nil {
		return f.nothing("the staging shows another pull request already")
	}
	return f.apply(ctx, staging.Action{Verb: staging.Set, Name: f.name, PullRequest: request}, "")
}

// runs tells whether the staging was deployed from the head of the event.
func (f *following) runs() bool {
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

// request is the pull request as the record shows it: the first of a branch
// stays, where several repositories have one.
func (f *following) request() *staging.PullRequest {
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

// withdraw archives a staging that lost its pull request.
func (f *following) withdraw(ctx context.Context, why string) (Followed, error) {
	if f.record == nil {
		return f.nothing("%s, and there is no staging", why)
	}
	around := project.SweepInput{Now: f.Now(), Branches: f.branches(ctx)}
	return f.carryOut(ctx, f.project.DecideClosedPullRequest(*f.record, f.repository, why, around))
}

// lost does at once what the sweep would do with a staging that lost its branch.
func (f *following) lost(ctx context.Context) (Followed, error) {
	if f.record == nil {
		return f.nothing("branch %s has no staging", f.Event.Branch)
	}
	around := project.SweepInput{Now: f.Now(), Branches: f.branches(ctx), Deleted: project.DeletedBranch{Repository: f.repository, Branch: f.Event.Branch}}
	return f.carryOut(ctx, f.project.DecideDeletedBranch(*f.record, around))
}

func (f *following) branches(ctx context.Context) map[string][]string {
	if f.Heads == nil {
		return nil
	}
	_, branches := catalog.ListBranches(ctx, f.Heads, f.project.Repositories())
	return branches
}

func (f *following) carryOut(ctx context.Context, d project.Decision) (Followed, error) {
	d.Staging = f.name
	a, changes := d.Action()
	if !changes {
		return f.nothing("it stays: %s", d.Reason)
	}
	return f.apply(ctx, a, rights.Version(*f.record))
}
