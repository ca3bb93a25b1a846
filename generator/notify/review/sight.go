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

// Place is a commit on a forge that a staging runs.
type Place struct {
	Host, Repository, Commit string
	Request                  int64 // as far as the record knows it
}

// Places lists the commits of a staging's own branch, each once. It needs the
// whole record, whatever of it a viewer may see. Only repositories that
// octopod.yaml names are among them: a record is written by whoever may deploy.
func Places(p *project.Project, s staging.Spec) []Place {
	var places []Place
	for _, name := range p.ServiceNames() {
		service, there := s.Services[name]
		declared := p.Spec.Services[name].Repository
		at, _ := giturl.ParseRepository(declared)
		if !there || service.From != staging.FromBranch || !whole(service.Commit) || !at.Remote() || !wellFormed.MatchString(at.RepositoryPath()) {
			continue
		}
		if service.Repository != "" && !giturl.SameRepository(service.Repository, declared) {
			continue
		}
		place := Place{Host: at.Forge(), Repository: at.RepositoryPath(), Commit: strings.ToLower(service.Commit)}
		if repository, number := request(s.PullRequest); giturl.SameRepository(repository, declared) {
			place.Request = number
		}
		if !slices.Contains(places, place) {
			places = append(places, place)
		}
	}
	return places
}

// wellFormed is the path of a repository: acme/backend, group/team/backend.
var wellFormed = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+$`)

// whole tells whether a commit is named in full; a forge takes no other for a status.
func whole(commit string) bool {
	_, err := hex.DecodeString(commit)
	return err == nil && (len(commit) == 40 || len(commit) == 64)
}

// request splits the URL of a pull request into the URL of its repository and its number.
func request(r *staging.PullRequest) (repository string, number int64) {
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

// stateOf is how a phase is shown; "" for one that says nothing.
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

// Gone is the phase of a staging of which nothing is left.
const Gone staging.Phase = "Gone"

// SightOf says what is to be shown of a staging at a place. The view is what a
// viewer may see; the page may be "". It gives false where there is nothing to
// show: it is not known how the staging is, or the project shows nothing.
func SightOf(p *project.Project, at Place, v *staging.View, page string) (Showing, bool) {
	name := v.Metadata.Name
	state := stateOf(v.Status.Phase)
	if state == "" {
		return Showing{}, false
	}
	id := p.Metadata.Name + "/" + name
	s := Showing{Repository: at.Repository, Commit: at.Commit, Request: at.Request, Marker: Marker(id), Only: state == Inactive}
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

// Marker is the line by which a comment is found again: a link that nothing
// refers to, and so shown by no forge. Bitbucket would show an HTML comment.
func Marker(id string) string { return "[//]: # (octopod " + id + ")" }

// address is where a staging is reached, as far as a viewer is shown it.
func address(p *project.Project, v *staging.View) string {
	if !p.Spec.UI.Shows(project.SectionLinks, project.RoleViewer) {
		return ""
	}
	return v.Status.URL
}

// summary is a phase in a word or two, small enough for every forge.
func summary(phase staging.Phase) string {
	return map[staging.Phase]string{
		staging.PhaseCreating: "is starting", staging.PhaseUpdating: "is being updated", staging.PhaseRunning: "runs",
		staging.PhaseDegraded: "has trouble", staging.PhaseFailed: "failed", staging.PhaseArchiving: "is going to sleep",
		staging.PhaseArchived: "is archived", staging.PhaseDeleting: "is being deleted", Gone: "is deleted",
	}[phase]
}

// sentence says more than summary does.
func sentence(p *project.Project, v *staging.View) string {
	usual := map[staging.Phase]string{
		staging.PhaseCreating: "It is being set up for the first time.", staging.PhaseUpdating: "A change is on its way.",
		staging.PhaseArchiving: "Its data are kept.", staging.PhaseDeleting: "It is being taken down.",
	}
	if text, known := usual[v.Status.Phase]; known {
		return text
	}
	return notify.Sentence(p, occasion(v.Status.Phase), v)
}

func occasion(phase staging.Phase) project.Trigger {
	return map[staging.Phase]project.Trigger{
		staging.PhaseRunning: project.OnRunning, staging.PhaseDegraded: project.OnDegraded, staging.PhaseFailed: project.OnFailed,
		staging.PhaseArchived: project.OnArchived, Gone: project.OnDeleted,
	}[phase]
}
