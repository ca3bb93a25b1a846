package web

import (
	"slices"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// row returns the row of a staging for the viewer.
func (req *projectRequest) row(view *staging.View) *row {
	name, p := view.Metadata.Name, req.project
	r := &row{
		Name: name, Title: view.Metadata.Title, Page: req.stagingPath(name, ""),
		Status:   req.statusText(view),
		Archived: view.Spec.State == staging.Archived, CanWrite: req.canWrite() && view.Status.Phase != staging.PhaseInvalid,
		Pinned: plainPin(view.Spec.Pinned), Kept: view.Spec.Kept, created: view.Spec.Created.At, changed: changedAt(view),
		owners: ownersOf(view), Tested: req.testResultOf(view),
	}
	if view.Status.Phase == staging.PhaseInvalid {
		return r
	}
	if !r.Archived {
		r.Addresses, r.Links = req.addresses(view), req.links(view)
	}
	if req.shows(project.SectionBranch) {
		r.Branch, r.Request = view.Spec.Branch, view.Spec.PullRequest
	}
	if req.shows(project.SectionAuthor) {
		r.Author, r.Names = authorOf(view), namesOf(view)
	}
	r.Badges = req.badges(view)
	if req.shows(project.SectionServices) {
		r.Services = req.parts(view)
	}
	if req.shows(project.SectionSettings) {
		r.Settings = changedSettings(p.Settings(view.Staging()))
	}
	r.Created = req.timestampOf(project.SectionCreated, r.created)
	r.Changed = req.timestampOf(project.SectionChanged, r.changed)
	r.New = r.Changed != nil && r.changed.Sub(r.created).Abs() < time.Minute
	if end := p.Ends(view.Staging()); end != nil && req.shows(project.SectionExpires) {
		r.Expires, r.ends = &timestamp{*end}, *end
	}
	if since := view.Spec.Since; r.Archived && since != nil && since.Wakes != nil {
		r.Wakes = &timestamp{*since.Wakes}
	}
	return r
}

func (req *projectRequest) timestampOf(part project.Section, at time.Time) *timestamp {
	if at.IsZero() || !req.shows(part) {
		return nil
	}
	return &timestamp{at}
}

// addresses returns the URLs of the services, the main service first.
func (req *projectRequest) addresses(view *staging.View) []link {
	var links []link
	for _, name := range mainFirst(req.project) {
		if url := view.Status.URLs[name]; url != "" && req.shows(project.SectionLinks) {
			links = append(links, link{req.project.Spec.Services[name].Title, url})
		}
	}
	return links
}

// links returns the project's links that the viewer's role may see.
func (req *projectRequest) links(view *staging.View) []link {
	var links []link
	for _, l := range req.project.Links(view.Staging()) {
		if req.shows(project.SectionLinks) && req.role.Includes(l.Role) {
			links = append(links, link{l.Name, l.URL})
		}
	}
	return links
}

func (req *projectRequest) parts(view *staging.View) []part {
	var all []part
	for _, name := range mainFirst(req.project) {
		service, there := view.Spec.Services[name]
		if !there {
			continue
		}
		live := view.Status.Services[name].Live
		all = append(all, part{
			Name: name, Title: req.project.Spec.Services[name].Title, Image: service.Image, URL: view.Status.URLs[name],
			Own: service.From != staging.FromDefault, Origin: versionLabel(service), Commit: service.Commit,
			Live: slices.Contains(live, service.Image), Known: len(live) > 0,
		})
	}
	return all
}

func versionLabel(s staging.Service) string {
	switch {
	case s.From == staging.FromDefault:
		return "default version"
	case s.Branch != "":
		return "from branch " + s.Branch
	case s.From == staging.FromPinned:
		return "picked by hand"
	}
	return "from this branch"
}

func changedSettings(settings []project.Setting) []changedSetting {
	var changed []changedSetting
	for _, s := range settings {
		if !s.Unused && (s.Origin == project.OriginOverride || s.Origin == project.OriginPreset) {
			changed = append(changed, changedSetting{
				Name: s.Name, Title: s.Parameter.Title, Value: valueText(s.Name, s), Removed: s.Absent(), Risky: s.Risky(),
			})
		}
	}
	return changed
}

// changedAt returns the time of the last known change.
func changedAt(view *staging.View) time.Time {
	for _, at := range []*time.Time{view.Status.Changed, view.Status.Timings.Committed} {
		if at != nil {
			return *at
		}
	}
	return view.Spec.Created.At
}

func authorOf(view *staging.View) string {
	if pr := view.Spec.PullRequest; pr != nil && pr.Author != "" {
		return pr.Author
	}
	return view.Spec.Created.By
}

// plainPin returns a pin with its reason in the words of the page.
func plainPin(p *staging.Pin) *staging.Pin {
	if p == nil {
		return nil
	}
	plain := *p
	plain.Reason = plainRecord(p.Reason)
	return &plain
}

// namesOf returns the people in a record beside its author.
func namesOf(view *staging.View) []string {
	names := []string{view.Spec.Created.By}
	if t := view.Spec.Tested; t != nil {
		names = append(names, t.By)
	}
	if k := view.Spec.Kept; k != nil {
		names = append(names, k.By)
	}
	if p := view.Spec.Pinned; p != nil {
		names = append(names, p.By)
	}
	if s := view.Spec.Since; s != nil {
		names = append(names, s.By)
	}
	return names
}

// ownersOf returns creator, pull request author and tester in lower case.
func ownersOf(view *staging.View) []string {
	names := []string{strings.ToLower(view.Spec.Created.By)}
	if pr := view.Spec.PullRequest; pr != nil {
		names = append(names, strings.ToLower(pr.Author))
	}
	if t := view.Spec.Tested; t != nil {
		names = append(names, strings.ToLower(t.By))
	}
	return names
}

// badges returns the badges of a staging. Every role sees them.
func (req *projectRequest) badges(view *staging.View) []badge {
	var all []badge
	for _, b := range req.project.Badges(view.Staging()) {
		one := badge{Text: b.Text, Reason: b.Reason}
		if req.shows(project.SectionAuthor) {
			one.By = b.By
		}
		if b.Until != nil {
			one.Until = &timestamp{*b.Until}
		}
		all = append(all, one)
	}
	return all
}
