package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"octopod/generator/giturl"
	"octopod/generator/project"
	"octopod/generator/receiver"
	"octopod/generator/rights"
	"octopod/generator/staging"
)

// Explanation says why a branch has a staging, or why it has none.
type Explanation struct {
	Branch  string `json:"branch"`
	Staging string `json:"staging"` // its name, also if it does not exist
	Exists  bool   `json:"exists"`
	Summary string `json:"summary"`
	Facts   []Fact `json:"facts"`
}

// Fact is one part of an explanation.
type Fact struct {
	About string `json:"about"` // rules, a repository, a service, …
	Text  string `json:"text"`
}

// Explain lists everything that decides whether a branch has a staging: the rules of the
// project, the repositories, the record and recent webhooks.
func (g *Doctor) Explain(ctx context.Context, branch string) (Explanation, error) {
	return g.ExplainTo(ctx, branch, rights.Visibility{All: true})
}

// ExplainTo is Explain without the parts that a role may not see.
func (g *Doctor) ExplainTo(ctx context.Context, branch string, v rights.Visibility) (Explanation, error) {
	branch, err := staging.ParseBranch(branch)
	if err != nil {
		return Explanation{}, err
	}
	tree, p, err := g.Latest(ctx)
	if err != nil {
		return Explanation{}, err
	}
	name, record, err := receiver.StagingOf(tree, p, branch)
	if err != nil {
		return Explanation{}, err
	}
	e := &explanationBuilder{Explanation: Explanation{Branch: branch, Staging: name, Exists: record != nil}, visibility: v, project: p, record: record}
	e.ofRules()
	e.ofRepositories(g.readHeads(ctx, p))
	e.ofRecord()
	if err := g.ofDeletion(ctx, e); err != nil {
		return Explanation{}, err
	}
	e.ofWebhooks(g.Deliveries())
	e.Summary = e.summary()
	return e.Explanation, nil
}

// explanationBuilder collects the facts of an explanation.
type explanationBuilder struct {
	Explanation
	visibility  rights.Visibility
	project     *project.Project
	record      *staging.Staging
	deleted     string // author, time and reason of the deletion of the staging
	skipReason  string // why the rules skip the branch
	lastWebhook string // outcome of the last webhook
	found       bool   // some repository has the branch
	unknown     bool   // some repository does not answer
	built       bool   // pushes are deployed
}

func (e *explanationBuilder) add(about, format string, args ...any) {
	e.Facts = append(e.Facts, Fact{about, fmt.Sprintf(format, args...)})
}

// addSection adds a fact, if the role may see the section.
func (e *explanationBuilder) addSection(part project.Section, about, format string, args ...any) {
	if e.visibility.Shows(part) {
		e.add(about, format, args...)
	}
}

// ofRules applies the rules to a push, or to a pull request that has all it needs.
func (e *explanationBuilder) ofRules() {
	rules := e.project.Spec.Branches
	byPull := rules.From == project.FromPullRequest
	e.skipReason = e.project.SkipReason(project.Candidate{Branch: e.Branch, Pull: byPull, Labels: rules.Labels})
	switch {
	case e.skipReason != "":
		e.add("rules", "no staging is created: %s", e.skipReason)
	case !byPull:
		e.add("rules", "a push creates and updates its staging")
	case len(rules.Labels) > 0:
		e.add("rules", "a pull request with a label of %s creates its staging", strings.Join(rules.Labels, ", "))
	default:
		e.add("rules", "a pull request creates its staging")
	}
}

// repositoryHeads holds the heads of the branches of one repository.
type repositoryHeads struct {
	heads map[string]string
	err   error
}

func (g *Doctor) readHeads(ctx context.Context, p *project.Project) map[string]repositoryHeads {
	heard := map[string]repositoryHeads{}
	for _, repository := range p.Repositories() {
		at := repositoryHeads{err: staging.Errorf(staging.CodeUnavailable, "no forge is configured")}
		if g.Heads != nil {
			at.heads, at.err = g.Heads.Heads(ctx, repository)
		}
		heard[repository] = at
	}
	return heard
}

func (e *explanationBuilder) ofRepositories(heard map[string]repositoryHeads) {
	for _, name := range e.project.ServiceNames() {
		declared := e.project.Spec.Services[name]
		e.built = e.built || declared.Build != ""
		at, asked := heard[declared.Repository]
		address := giturl.Redact(declared.Repository)
		switch head := at.heads[e.Branch]; {
		case !asked:
			e.addSection(project.SectionServices, name, "octopod.yaml names no repository for it")
		case at.err != nil:
			e.unknown = true
			e.addSection(project.SectionServices, name, "cannot list the branches of %s: %s", address, e.visibility.RedactError(at.err))
		case head == "":
			e.addSection(project.SectionServices, name, "%s has no such branch", address)
		default:
			e.found = true
			e.addSection(project.SectionServices, name, "%s has the branch at %.7s; %s", address, head, e.runs(name, declared, head))
		}
	}
}

// runs compares the head of a branch with what its staging runs.
func (e *explanationBuilder) runs(name string, declared project.Service, head string) string {
	how := "CI deploys it, because the service has no build"
	if declared.Build != "" {
		how = "a push deploys it"
	}
	if e.record == nil {
		return how
	}
	switch runs := e.record.Spec.Services[name]; {
	case runs.From != staging.FromBranch:
		return "the staging runs the default image; " + how
	case runs.Commit == "":
		return "the staging runs " + runs.Image
	case receiver.SameCommit(runs.Commit, head):
		return "the staging runs this commit"
	default:
		return fmt.Sprintf("the staging runs %.7s; %s", runs.Commit, how)
	}
}

func (e *explanationBuilder) ofRecord() {
	if e.record == nil {
		return
	}
	s := e.record.Spec
	e.addSection(project.SectionCreated, "staging", "created %s by %s", day(s.Created.At), s.Created.By)
	if s.Since != nil {
		e.add("staging", "%s since %s by %s%s", s.State, day(s.Since.At), s.Since.By, strings.TrimSuffix(": "+s.Since.Reason, ": "))
	}
	if s.Pinned != nil {
		e.add("staging", "pinned by %s: pushes do not update it", s.Pinned.By)
	}
	if s.Kept != nil {
		e.add("staging", "kept by %s: %s", s.Kept.By, s.Kept.Reason)
	}
	if s.BranchGone != nil {
		e.add("staging", "its branch was deleted on %s", day(*s.BranchGone))
	}
	if s.Expires != nil && s.State == staging.Active {
		e.addSection(project.SectionExpires, "staging", "archived after %s, unless there is a deploy before", day(*s.Expires))
	}
}

// ofDeletion adds who deleted the staging of the branch, if there was one.
func (g *Doctor) ofDeletion(ctx context.Context, e *explanationBuilder) error {
	if e.record != nil {
		return nil
	}
	const deletionAndLastVersion = 2
	events, err := g.Versions(ctx, staging.HistoryQuery{Name: e.Staging, Limit: deletionAndLastVersion})
	if err != nil || len(events) < deletionAndLastVersion || !events[0].Gone {
		return ignoreNotFound(err)
	}
	last, err := g.Record(ctx, e.Staging, events[1].Revision)
	if err != nil || last.Spec.Branch != e.Branch {
		return ignoreNotFound(err)
	}
	gone := events[0]
	_, reason, _ := strings.Cut(gone.Subject, ": ")
	e.deleted = strings.TrimSuffix(fmt.Sprintf("%s was deleted on %s by %s: %s", e.Staging, day(gone.At), gone.By.Name, reason), ": ")
	e.add("staging", "%s", e.deleted)
	return nil
}

// ignoreNotFound returns an error unless it is about a staging that does not exist, or
// whose record cannot be read.
func ignoreNotFound(err error) error {
	if code := staging.CodeOf(err); code == staging.CodeNotFound || code == staging.CodeInvalid {
		return nil
	}
	return err
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// ofWebhooks adds the last few webhook events of the branch.
func (e *explanationBuilder) ofWebhooks(all []receiver.Delivery) {
	const most = 3
	mine := slices.DeleteFunc(all, func(d receiver.Delivery) bool { return d.Branch != e.Branch })
	for i, d := range mine[:min(len(mine), most)] {
		text := strings.TrimSuffix(string(d.Outcome)+": "+d.TextFor(e.visibility), ": ")
		if i == 0 && d.Outcome != receiver.OutcomeDone {
			e.lastWebhook = text
		}
		e.add("webhook", "%s %s of %s at %s: %s", d.Host, d.Event, d.Repository, day(d.At), text)
	}
}

// summary returns the one sentence that answers the question.
func (e *explanationBuilder) summary() string {
	switch {
	case e.record != nil && e.record.Spec.State == staging.Active:
		return fmt.Sprintf("branch %s has the staging %s", e.Branch, e.Staging)
	case e.record != nil:
		return fmt.Sprintf("branch %s has the staging %s, which is %s", e.Branch, e.Staging, e.record.Spec.State)
	case e.deleted != "":
		return fmt.Sprintf("branch %s has no staging: %s", e.Branch, e.deleted)
	case e.lastWebhook != "":
		return fmt.Sprintf("branch %s has no staging; the last webhook: %s", e.Branch, e.lastWebhook)
	case e.skipReason != "":
		return fmt.Sprintf("branch %s has no staging: %s", e.Branch, e.skipReason)
	case !e.found && !e.unknown:
		return fmt.Sprintf("branch %s has no staging: no repository of the project has such a branch", e.Branch)
	case !e.built:
		return fmt.Sprintf("branch %s has no staging: CI has not deployed it", e.Branch)
	}
	return fmt.Sprintf("branch %s has no staging: no webhook arrived for it, and CI has not deployed it", e.Branch)
}
