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
	Staging string `json:"staging"` // that it has, or would get
	Exists  bool   `json:"exists"`
	Summary string `json:"summary"`
	Facts   []Fact `json:"facts"`
}

// Fact is one thing that bears on it.
type Fact struct {
	About string `json:"about"` // rules, a repository, a service, …
	Text  string `json:"text"`
}

// Explain gathers everything that decides on the staging of a branch: the rules
// of the project, the repositories, the record and what webhooks told.
func (g *Doctor) Explain(ctx context.Context, branch string) (Explanation, error) {
	return g.ExplainTo(ctx, branch, rights.Visibility{All: true})
}

// ExplainTo leaves out what a role is not shown.
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
	e := &explaining{Explanation: Explanation{Branch: branch, Staging: name, Exists: record != nil}, veil: v, project: p, record: record}
	e.ofRules()
	e.ofRepositories(g.heardHeads(ctx, p))
	e.ofRecord()
	e.ofWebhooks(g.Deliveries())
	e.Summary = e.summary()
	return e.Explanation, nil
}

// explaining is an explanation under way.
type explaining struct {
	Explanation
	veil     rights.Visibility
	project  *project.Project
	record   *staging.Staging
	declined string // by the rules
	told     string // by the last webhook
	found    bool   // some repository has the branch
	unknown  bool   // some repository cannot be asked
	built    bool   // pushes are deployed
}

func (e *explaining) add(about, format string, args ...any) {
	e.Facts = append(e.Facts, Fact{about, fmt.Sprintf(format, args...)})
}

// addOf adds what is a part of the page, for those who are shown it.
func (e *explaining) addOf(part project.Section, about, format string, args ...any) {
	if e.veil.Shows(part) {
		e.add(about, format, args...)
	}
}

// ofRules asks the rules as a push would, or a pull request that has all it needs.
func (e *explaining) ofRules() {
	rules := e.project.Spec.Branches
	byPull := rules.From == project.FromPullRequest
	e.declined = e.project.SkipReason(project.Candidate{Branch: e.Branch, Pull: byPull, Labels: rules.Labels})
	switch {
	case e.declined != "":
		e.add("rules", "no staging by itself: %s", e.declined)
	case !byPull:
		e.add("rules", "a push makes and moves its staging")
	case len(rules.Labels) > 0:
		e.add("rules", "a pull request with a label of %s makes its staging", strings.Join(rules.Labels, ", "))
	default:
		e.add("rules", "a pull request makes its staging")
	}
}

// heardAt is what a repository said of its branches.
type heardAt struct {
	heads map[string]string
	err   error
}

func (g *Doctor) heardHeads(ctx context.Context, p *project.Project) map[string]heardAt {
	heard := map[string]heardAt{}
	for _, repository := range p.Repositories() {
		at := heardAt{err: staging.Errorf(staging.CodeUnavailable, "nobody can be asked here")}
		if g.Heads != nil {
			at.heads, at.err = g.Heads.Heads(ctx, repository)
		}
		heard[repository] = at
	}
	return heard
}

func (e *explaining) ofRepositories(heard map[string]heardAt) {
	for _, name := range e.project.ServiceNames() {
		declared := e.project.Spec.Services[name]
		e.built = e.built || declared.Build != ""
		at, asked := heard[declared.Repository]
		address := giturl.Redact(declared.Repository)
		switch head := at.heads[e.Branch]; {
		case !asked:
			e.addOf(project.SectionServices, name, "the project does not say which repository it is built from")
		case at.err != nil:
			e.unknown = true
			e.addOf(project.SectionServices, name, "%s cannot be asked for the branch: %s", address, e.veil.RedactError(at.err))
		case head == "":
			e.addOf(project.SectionServices, name, "%s has no such branch", address)
		default:
			e.found = true
			e.addOf(project.SectionServices, name, "%s has it, at %.7s; %s", address, head, e.runs(name, declared, head))
		}
	}
}

// runs compares the head of a branch with what its staging runs.
func (e *explaining) runs(name string, declared project.Service, head string) string {
	who := "CI deploys it, as the service names no image (build)"
	if declared.Build != "" {
		who = "a push deploys it"
	}
	if e.record == nil {
		return who
	}
	switch runs := e.record.Spec.Services[name]; {
	case runs.From != staging.FromBranch:
		return "the staging runs the default image; " + who
	case runs.Commit == "":
		return "the staging runs " + runs.Image
	case receiver.SameCommit(runs.Commit, head):
		return "the staging runs that"
	default:
		return fmt.Sprintf("the staging runs %.7s; %s", runs.Commit, who)
	}
}

func (e *explaining) ofRecord() {
	if e.record == nil {
		return
	}
	s := e.record.Spec
	e.addOf(project.SectionCreated, "staging", "created %s by %s", day(s.Created.At), s.Created.By)
	if s.Since != nil {
		e.add("staging", "%s since %s by %s%s", s.State, day(s.Since.At), s.Since.By, strings.TrimSuffix(": "+s.Since.Reason, ": "))
	}
	if s.Pinned != nil {
		e.add("staging", "pinned by %s: pushes do not move it", s.Pinned.By)
	}
	if s.Kept != nil {
		e.add("staging", "kept by %s: %s", s.Kept.By, s.Kept.Reason)
	}
	if s.BranchGone != nil {
		e.add("staging", "its branch is gone since %s", day(*s.BranchGone))
	}
	if s.Expires != nil && s.State == staging.Active {
		e.addOf(project.SectionExpires, "staging", "archived after %s, unless something is deployed before", day(*s.Expires))
	}
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// ofWebhooks tells the last few events about the branch.
func (e *explaining) ofWebhooks(all []receiver.Delivery) {
	const most = 3
	mine := slices.DeleteFunc(all, func(d receiver.Delivery) bool { return d.Branch != e.Branch })
	for i, d := range mine[:min(len(mine), most)] {
		text := strings.TrimSuffix(string(d.Outcome)+": "+d.Reported(e.veil), ": ")
		if i == 0 && d.Outcome != receiver.OutcomeDone {
			e.told = text
		}
		e.add("webhook", "%s %s of %s at %s: %s", d.Host, d.Event, d.Repository, day(d.At), text)
	}
}

// summary is the one sentence that most people want.
func (e *explaining) summary() string {
	switch {
	case e.record != nil && e.record.Spec.State == staging.Active:
		return fmt.Sprintf("branch %s has the staging %s", e.Branch, e.Staging)
	case e.record != nil:
		return fmt.Sprintf("branch %s has the staging %s, which is %s", e.Branch, e.Staging, e.record.Spec.State)
	case e.told != "":
		return fmt.Sprintf("branch %s has no staging; the last webhook: %s", e.Branch, e.told)
	case e.declined != "":
		return fmt.Sprintf("branch %s has no staging: %s", e.Branch, e.declined)
	case !e.found && !e.unknown:
		return fmt.Sprintf("branch %s has no staging: no repository of the project has such a branch", e.Branch)
	case !e.built:
		return fmt.Sprintf("branch %s has no staging: CI has deployed nothing of it", e.Branch)
	}
	return fmt.Sprintf("branch %s has no staging: no webhook told of it, and CI has deployed nothing of it", e.Branch)
}
