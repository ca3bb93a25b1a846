package review

import (
	"cmp"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"octopod/generator/giturl"
	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// Target is a commit on a forge that a staging runs.
type Target struct {
	Host, Repository, Commit string
	PullRequest              int64 // pull request of the record, or 0
}

// Targets lists the commits of a staging's own branch, each once. It needs the record
// before redaction. It skips repositories that octopod.yaml does not name, because
// everybody who may deploy writes records.
func Targets(p *project.Project, s staging.Spec) []Target {
	var targets []Target
	for _, name := range p.ServiceNames() {
		service, there := s.Services[name]
		declared := p.Spec.Services[name].Repository
		at, _ := giturl.ParseRepository(declared)
		if !there || service.From != staging.FromBranch || !isFullHash(service.Commit) || !at.Remote() || !repositoryPath.MatchString(at.RepositoryPath()) {
			continue
		}
		if service.Repository != "" && !giturl.SameRepository(service.Repository, declared) {
			continue
		}
		target := Target{Host: at.Forge(), Repository: at.RepositoryPath(), Commit: strings.ToLower(service.Commit)}
		if repository, number := splitPullRequestURL(s.PullRequest); giturl.SameRepository(repository, declared) {
			target.PullRequest = number
		}
		if !slices.Contains(targets, target) {
			targets = append(targets, target)
		}
	}
	return targets
}

// repositoryPath matches the path of a repository: acme/backend, group/team/backend.
var repositoryPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)

// isFullHash reports whether a commit hash is complete; a forge requires that for a status.
func isFullHash(commit string) bool {
	_, err := hex.DecodeString(commit)
	return err == nil && (len(commit) == 40 || len(commit) == 64)
}

// splitPullRequestURL splits the URL of a pull request into the URL of its repository and its number.
func splitPullRequestURL(r *staging.PullRequest) (repository string, number int64) {
	if r == nil {
		return "", 0
	}
	for _, between := range []string{"/-/merge_requests/", "/pull-requests/", "/pulls/", "/pull/"} {
		before, after, found := strings.Cut(r.URL, between)
		digits, _, _ := strings.Cut(after, "/")
		if n, err := strconv.ParseInt(digits, 10, 64); found && err == nil && n > 0 {
			return before, n
		}
	}
	return "", 0
}

// stateOf returns the state of a phase, or "" for an unknown phase.
func stateOf(phase staging.Phase) State {
	switch phase {
	case staging.PhaseCreating, staging.PhaseUpdating:
		return Pending
	case staging.PhaseRunning:
		return Success
	case staging.PhaseDegraded, staging.PhaseFailed:
		return Failure
	case staging.PhaseArchiving, staging.PhaseArchived, staging.PhaseDeleting, Gone:
		return Inactive
	}
	return ""
}

// Gone is the phase of a deleted staging.
const Gone staging.Phase = "Gone"

// ReportOf returns the report of a staging for one commit. The view must be redacted
// for viewers; the page may be "". It returns false if the state is unknown or
// the project reports nothing.
func ReportOf(p *project.Project, at Target, v *staging.View, page string) (Report, bool) {
	name := v.Metadata.Name
	state := stateOf(v.Status.Phase)
	if state == "" {
		return Report{}, false
	}
	id := p.Metadata.Name + "/" + name
	s := Report{Repository: at.Repository, Commit: at.Commit, PullRequest: at.PullRequest, Marker: Marker(id), UpdateOnly: state == Inactive}
	if p.NotifiesForge(name, project.ToPullRequest) {
		s.Comment = s.Marker + "\n\n" + comment(p, v, page)
	}
	text := name + ": " + summary(v.Status.Phase)
	if p.NotifiesForge(name, project.ToCommit) && state != Inactive {
		s.Status = &Status{Name: "octopod/" + id, State: state, Text: text, Page: cmp.Or(page, address(p, v))}
	}
	if p.NotifiesForge(name, project.ToDeployment) {
		s.Deployment = &Deployment{Environment: id, Commit: at.Commit, Branch: v.Spec.Branch, State: state, Text: text, URL: address(p, v), Page: page}
	}
	return s, s.Comment != "" || s.Status != nil || s.Deployment != nil
}

// Marker returns the line that identifies a staging's comment: an unused link
// definition, which no forge displays. Bitbucket would display an HTML comment.
func Marker(id string) string { return "[//]: # (octopod " + id + ")" }

// address returns the URL of a staging, if viewers may see it.
func address(p *project.Project, v *staging.View) string {
	if !p.Spec.UI.Shows(project.SectionLinks, project.RoleViewer) {
		return ""
	}
	return v.Status.URL
}

// summary describes a phase in a few words, short enough for every forge.
func summary(phase staging.Phase) string {
	return map[staging.Phase]string{
		staging.PhaseCreating: "is starting", staging.PhaseUpdating: "is being updated", staging.PhaseRunning: "runs",
		staging.PhaseDegraded: "has trouble", staging.PhaseFailed: "failed", staging.PhaseArchiving: "is being archived",
		staging.PhaseArchived: "is archived", staging.PhaseDeleting: "is being deleted", Gone: "is deleted",
	}[phase]
}

// sentence describes a phase in a sentence.
func sentence(p *project.Project, v *staging.View) string {
	usual := map[staging.Phase]string{
		staging.PhaseCreating: "It is starting for the first time.", staging.PhaseUpdating: "A change is being deployed.",
		staging.PhaseArchiving: "Its data is kept.", staging.PhaseDeleting: "It is being removed.",
	}
	if text, known := usual[v.Status.Phase]; known {
		return text
	}
	return notify.Sentence(p, triggerOf(v.Status.Phase), v)
}

func triggerOf(phase staging.Phase) project.Trigger {
	return map[staging.Phase]project.Trigger{
		staging.PhaseRunning: project.OnRunning, staging.PhaseDegraded: project.OnDegraded, staging.PhaseFailed: project.OnFailed,
		staging.PhaseArchived: project.OnArchived, Gone: project.OnDeleted,
	}[phase]
}
