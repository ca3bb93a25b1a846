package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// row is a staging in the list: what the viewer may be shown, and nothing else.
type row struct {
	search
	Name, Title string
	Page        string // path
	Condition   condition
	Archived    bool
	Addresses   []link
	Links       []link
	New         bool // nothing was changed since it was made
	Branch      string
	Request     *staging.PullRequest
	Author      string
	Services    []part
	Settings    []changedSetting
	Created     *moment
	Changed     *moment
	Expires     *moment // when it is archived; or deleted, where it is archived
	Wakes       *moment
	Kept        *staging.Protection
	Pinned      *staging.Pin
	Tested      *tested
	Writes      bool

	created, changed time.Time // to sort by, shown or not
	author           []string
}

// part is a service of a staging.
type part struct {
	Name, Title, Image string
	URL                string
	Own                bool   // built for this branch
	Origin             string // in words
	Commit             string
	Live               bool // the wanted version runs
	Known              bool // whether it runs is known
}

// changedSetting is one that differs from the project's default.
type changedSetting struct {
	Name, Value string
	Removed     bool
}

// row keeps what a viewer may see of a staging.
func (v *visit) row(view *staging.View) *row {
	name, p := view.Metadata.Name, v.project
	r := &row{
		Name: name, Title: view.Metadata.Title, Page: v.of(name, ""),
		Condition: conditionOf(view, v.shows(project.SectionDetail), v.project.ServiceTitles()),
		Archived:  view.Spec.State == staging.Archived, Writes: v.writes() && view.Status.Phase != staging.PhaseInvalid,
		Pinned: view.Spec.Pinned, Kept: view.Spec.Kept, created: view.Spec.Created.At, changed: changedAt(view),
		author: authors(view), Tested: v.testedOf(view),
	}
	if view.Status.Phase == staging.PhaseInvalid {
		return r
	}
	if !r.Archived {
		r.Addresses, r.Links = v.addresses(view), v.links(view)
	}
	if v.shows(project.SectionBranch) {
		r.Branch, r.Request = view.Spec.Branch, view.Spec.PullRequest
	}
	if v.shows(project.SectionAuthor) {
		r.Author = authorOf(view)
	}
	if v.shows(project.SectionServices) {
		r.Services = v.parts(view)
	}
	if v.shows(project.SectionSettings) {
		r.Settings = changedSettings(p.Settings(view.Staging()))
	}
	r.Created = v.momentOf(project.SectionCreated, r.created)
	r.Changed = v.momentOf(project.SectionChanged, r.changed)
	r.New = r.Changed != nil && r.changed.Sub(r.created).Abs() < time.Minute
	if end := p.Ends(view.Staging()); end != nil {
		r.Expires = v.momentOf(project.SectionExpires, *end)
	}
	if since := view.Spec.Since; r.Archived && since != nil && since.Wakes != nil {
		r.Wakes = &moment{*since.Wakes}
	}
	return r
}

func (v *visit) momentOf(part project.Section, at time.Time) *moment {
	if at.IsZero() || !v.shows(part) {
		return nil
	}
	return &moment{at}
}

// addresses are where the parts of a staging are reached, the main one first.
func (v *visit) addresses(view *staging.View) []link {
	var links []link
	for _, name := range mainFirst(v.project) {
		if url := view.Status.URLs[name]; url != "" && v.shows(project.SectionLinks) {
			links = append(links, link{v.project.Spec.Services[name].Title, url})
		}
	}
	return links
}

// links are the project's own, as far as they are for the viewer.
func (v *visit) links(view *staging.View) []link {
	var links []link
	for _, l := range v.project.Links(view.Staging()) {
		if v.shows(project.SectionLinks) && v.role.Includes(l.Role) {
			links = append(links, link{l.Name, l.URL})
		}
	}
	return links
}

// mainFirst lists the services with the one that people open first.
func mainFirst(p *project.Project) []string {
	names, main := p.ServiceNames(), p.MainService()
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == main:
			return -1
		case b == main:
			return 1
		}
		return 0
	})
	return names
}

func (v *visit) parts(view *staging.View) []part {
	var all []part
	for _, name := range mainFirst(v.project) {
		service, there := view.Spec.Services[name]
		if !there {
			continue
		}
		live := view.Status.Services[name].Live
		all = append(all, part{
			Name: name, Title: v.project.Spec.Services[name].Title, Image: service.Image, URL: view.Status.URLs[name],
			Own: service.From != staging.FromDefault, Origin: originOf(service), Commit: service.Commit,
			Live: slices.Contains(live, service.Image), Known: len(live) > 0,
		})
	}
	return all
}

func originOf(s staging.Service) string {
	switch {
	case s.From == staging.FromDefault:
		return "standard version"
	case s.Branch != "":
		return "from branch " + s.Branch
	case s.From == staging.FromPinned:
		return "chosen by hand"
	}
	return "from this branch"
}

func changedSettings(settings []project.Setting) []changedSetting {
	var changed []changedSetting
	for _, s := range settings {
		if s.Origin == project.OriginOverride || s.Origin == project.OriginPreset {
			changed = append(changed, changedSetting{s.Name, valueText(s.Name, s), s.Absent()})
		}
	}
	return changed
}

// changedAt is when a staging last became different, as far as it is known.
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

// authors are all whose staging it is, in lower case.
func authors(view *staging.View) []string {
	names := []string{strings.ToLower(view.Spec.Created.By)}
	if pr := view.Spec.PullRequest; pr != nil {
		names = append(names, strings.ToLower(pr.Author))
	}
	return names
}

// of tells whether a staging is a person's own.
func (r *row) of(p staging.Person) bool {
	account, _, _ := strings.Cut(strings.ToLower(p.Email), "@")
	return slices.ContainsFunc(r.author, func(a string) bool {
		return a != "" && (a == strings.ToLower(p.Name) || a == account || a == strings.ToLower(p.Email))
	})
}

// texts are what a search looks in: everything shown, the name first.
func (r *row) texts() []string {
	texts := []string{r.Name, r.Title, r.Condition.Word, r.Condition.Sentence, r.Branch, r.Author}
	if r.Request != nil {
		texts = append(texts, r.RequestText(), r.Request.Title)
	}
	if r.Tested != nil {
		texts = append(texts, r.Tested.Word, r.Tested.Note)
	}
	for _, s := range r.Services {
		texts = append(texts, s.Title, tag(s.Image))
	}
	for _, s := range r.Settings {
		texts = append(texts, s.Name, s.Value)
	}
	for _, l := range slices.Concat(r.Addresses, r.Links) {
		texts = append(texts, l.Name)
	}
	return texts
}

// RequestText names a pull request: #42.
func (r *row) RequestText() string { return fmt.Sprintf("#%d", r.Request.Number) }

// Mark shows where a text matches the search.
func (r *row) Mark(text string) []piece { return r.mark(text) }

// ShownSettings are the first few; More counts the rest.
func (r *row) ShownSettings() []changedSetting { return r.Settings[:min(len(r.Settings), fewSettings)] }

// More counts the settings that the list leaves out.
func (r *row) More() int { return max(0, len(r.Settings)-fewSettings) }

const fewSettings = 3

// byField compares two rows by a column.
func byField(field string) func(a, b *row) int {
	switch field {
	case "name":
		return func(a, b *row) int { return cmp.Compare(a.Name, b.Name) }
	case "created":
		return func(a, b *row) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.Name, b.Name)) }
	case "status":
		return func(a, b *row) int {
			return cmp.Or(cmp.Compare(urgency(a), urgency(b)), cmp.Compare(a.Name, b.Name))
		}
	}
	return func(a, b *row) int { return cmp.Or(b.changed.Compare(a.changed), cmp.Compare(a.Name, b.Name)) }
}

func urgency(r *row) int {
	return slices.Index([]tone{bad, busy, unsure, good, asleep}, r.Condition.Tone)
}
