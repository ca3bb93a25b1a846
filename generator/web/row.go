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

// row is a staging in the list, with only the data that the viewer may see.
type row struct {
	search
	Name, Title string
	Page        string // path
	Status      statusText
	Archived    bool
	Addresses   []link
	Links       []link
	New         bool // unchanged since its creation
	Branch      string
	Request     *staging.PullRequest
	Author      string
	Services    []part
	Settings    []changedSetting
	Created     *timestamp
	Changed     *timestamp
	Expires     *timestamp // when it is archived, or deleted if it is archived
	Wakes       *timestamp
	Kept        *staging.Protection
	Pinned      *staging.Pin
	Tested      *testResult
	CanWrite    bool

	created, changed time.Time // for sorting, even when hidden
	owners           []string
}

// part is a service of a staging, with its version.
type part struct {
	Name, Title, Image string
	URL                string
	Own                bool   // built for this branch
	Origin             string // in words
	Commit             string
	Live               bool // this version runs
	Known              bool // Live is known
}

type link struct{ Name, URL string }

// changedSetting is a setting that differs from the project's default.
type changedSetting struct {
	Name, Value string
	Removed     bool
}

// testResult is a test result as displayed.
type testResult struct {
	Class    cssClass
	Label    string
	Sentence string
	Since    string // the changes since; empty without any
	Note     string
	When     timestamp
	Versions []part // tested versions, if they are not the current ones
}

// isOwnedBy reports whether a person owns the staging.
func (r *row) isOwnedBy(p staging.Person) bool {
	account, _, _ := strings.Cut(strings.ToLower(p.Email), "@")
	return slices.ContainsFunc(r.owners, func(a string) bool {
		return a != "" && (a == strings.ToLower(p.Name) || a == account || a == strings.ToLower(p.Email))
	})
}

// searchTexts returns all displayed texts, the name first.
func (r *row) searchTexts() []string {
	texts := []string{r.Name, r.Title, r.Status.Label, r.Status.Sentence, r.Branch, r.Author}
	if r.Request != nil {
		texts = append(texts, r.RequestText(), r.Request.Title)
	}
	if r.Tested != nil {
		texts = append(texts, r.Tested.Label, r.Tested.Note)
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

// RequestText returns the number of the pull request: #42.
func (r *row) RequestText() string { return fmt.Sprintf("#%d", r.Request.Number) }

// Highlight marks the matches of the search in a text.
func (r *row) Highlight(text string) []textPart { return r.highlight(text) }

// ShownSettings returns the first few changed settings.
func (r *row) ShownSettings() []changedSetting { return r.Settings[:min(len(r.Settings), fewSettings)] }

// More returns the number of changed settings that ShownSettings leaves out.
func (r *row) More() int { return max(0, len(r.Settings)-fewSettings) }

const fewSettings = 3

// byField returns the comparison of rows for a sort field.
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
	return slices.Index([]cssClass{classBad, classBusy, classUnknown, classGood, classInactive}, r.Status.Class)
}

// mainFirst lists the services, the main service first.
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
