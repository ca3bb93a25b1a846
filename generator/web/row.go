package web

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	Badges      []badge // of values that need care
	Pinned      *staging.Pin
	Tested      *testResult
	CanWrite    bool

	Names []string // further people, for the search

	created, changed, ends time.Time // for sorting, even when hidden
	owners                 []string
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
	Name, Title, Value string
	Removed, Risky     bool
}

// testResult is a test result as displayed.
type testResult struct {
	Class    cssClass
	Label    string
	Sentence string
	Since    string // the changes since; empty without any
	New      link   // the page of what is new since; empty without any
	Note     string
	When     timestamp
	Versions []part // tested versions, if they are not the current ones
}

// signatures are the name, account and mail address of a person, in lowercase.
type signatures [3]string

func signaturesOf(p staging.Person) signatures {
	email := strings.ToLower(p.Email)
	account, _, _ := strings.Cut(email, "@")
	return signatures{strings.ToLower(p.Name), account, email}
}

// areIn reports whether one of the lowercase names is the person's.
func (s *signatures) areIn(names []string) bool {
	for _, name := range names {
		if name != "" && (name == s[0] || name == s[1] || name == s[2]) {
			return true
		}
	}
	return false
}

// searchTexts returns all displayed texts, the name first.
func (r *row) searchTexts() []string {
	texts := []string{r.Name, r.Title, r.Status.Label, r.Branch, r.Author}
	if !r.Quiet() {
		texts = append(texts, r.Status.Sentence)
	}
	texts = append(texts, r.Names...)
	if r.Request != nil {
		texts = append(texts, r.RequestText(), r.Request.Title)
	}
	if r.Tested != nil {
		texts = append(texts, r.Tested.Label, r.Tested.Note)
	}
	for _, b := range r.Badges {
		texts = append(texts, b.Text, b.By, b.Reason)
	}
	if r.Pinned != nil {
		texts = append(texts, "updates paused", "pinned", r.Pinned.Reason)
	}
	if r.Kept != nil {
		texts = append(texts, "kept", r.Kept.Reason)
	}
	for _, s := range r.Services {
		if s.Own { // every staging has the others
			texts = append(texts, s.Title)
		}
		texts = append(texts, tag(s.Image))
	}
	for _, s := range r.Settings {
		texts = append(texts, s.Title, s.Name+"="+s.Value)
	}
	for _, l := range slices.Concat(r.Addresses, r.Links) {
		texts = append(texts, l.Name)
	}
	return texts
}

// searchPlaces returns the addresses that belong to the staging: its own, its page and
// its pull request.
func (r *row) searchPlaces() []string {
	places := []string{strings.ToLower(r.Page)}
	add := func(url string) {
		if place, isAddress := cutScheme(strings.ToLower(url)); isAddress {
			places = append(places, place)
		}
	}
	for _, l := range r.Addresses {
		add(l.URL)
	}
	if r.Request != nil {
		add(r.Request.URL)
	}
	return places
}

// Heading returns what the staging is for, or its name.
func (r *row) Heading() string {
	if r.Title == "" && r.Request != nil {
		return cmp.Or(r.Request.Title, r.Name)
	}
	return cmp.Or(r.Title, r.Name)
}

// Quiet reports that the status needs no explanation.
func (r *row) Quiet() bool { return r.Status.Class == classGood || r.Archived }

// Color returns the class of the owner's avatar.
func (r *row) Color() string {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(r.Author)) // never fails
	return fmt.Sprintf("c%d", sum.Sum32()%6)
}

// Differences returns what differs from the defaults: versions first, then settings.
func (r *row) Differences() []difference {
	var all []difference
	for _, s := range r.Services {
		if s.Own {
			all = append(all, difference{Name: s.Title, Value: tag(s.Image), Own: true, Hint: hint(s.Title, tag(s.Image))})
		}
	}
	for _, s := range r.Settings {
		all = append(all, difference{Name: cmp.Or(s.Title, s.Name), Value: s.Value, Removed: s.Removed, Risky: s.Risky, Hint: hint(s.Name, s.Value)})
	}
	slices.SortStableFunc(all, func(a, b difference) int { return -compareBool(a.Risky, b.Risky) })
	return all
}

// difference is a version or a setting that differs from its default.
type difference struct {
	Name, Value, Hint   string
	Own, Removed, Risky bool
}

// hint returns the whole text of a chip that may be cut off; empty for a short one.
func hint(name, value string) string {
	const room = 16
	if len(name)+len(value) < room {
		return ""
	}
	return strings.TrimSpace(name + " " + value)
}

// LongHeading returns the heading if it may be cut off.
func (r *row) LongHeading() string {
	const room = 30
	if len(r.Heading()) < room {
		return ""
	}
	return r.Heading()
}

// Shown returns the differences that fit two lines of a row, most important first.
func (r *row) Shown() []difference {
	const lines, letters, margin, more = 2, 31, 3, 5 // more is the room of "+1"
	all := r.Differences()
	line, left := 1, letters
	for i, d := range all {
		room := min(utf8.RuneCountInString(d.Name+" "+d.Value)+margin, letters)
		if room > left {
			line, left = line+1, letters
		}
		left -= room
		if line > lines || line == lines && i+1 < len(all) && left < more {
			return all[:i]
		}
	}
	return all
}

// More returns the differences that Shown leaves out.
func (r *row) More() []difference { return r.Differences()[len(r.Shown()):] }

// RequestText returns the number of the pull request: #42.
func (r *row) RequestText() string { return fmt.Sprintf("#%d", r.Request.Number) }

// Highlight marks the matches of the search in a text.
func (r *row) Highlight(text string) []textPart { return r.highlight(text) }

// Others returns the addresses and links beside the main one.
func (r *row) Others() []link {
	others := slices.Concat(r.Addresses[min(1, len(r.Addresses)):], r.Links)
	if r.Request != nil && r.Request.URL != "" {
		others = append(others, link{"Pull request " + r.RequestText(), r.Request.URL})
	}
	return others
}

// byField returns the comparison of rows for a sort field.
func byField(field string) func(a, b *row) int {
	by := map[string]func(a, b *row) int{
		"name":    func(a, b *row) int { return 0 },
		"created": func(a, b *row) int { return b.created.Compare(a.created) },
		"status":  func(a, b *row) int { return cmp.Compare(urgency(a), urgency(b)) },
		"owner":   func(a, b *row) int { return cmp.Compare(strings.ToLower(a.Author), strings.ToLower(b.Author)) },
		"result":  func(a, b *row) int { return cmp.Compare(a.needsTest(), b.needsTest()) },
		"ends": func(a, b *row) int {
			return cmp.Or(compareBool(a.ends.IsZero(), b.ends.IsZero()), a.ends.Compare(b.ends))
		},
	}[field]
	if by == nil {
		by = func(a, b *row) int { return b.changed.Compare(a.changed) }
	}
	return func(a, b *row) int { return cmp.Or(by(a, b), cmp.Compare(a.Name, b.Name)) }
}

// needsTest orders test results: broken, then those to test again, then tested, then
// none.
func (r *row) needsTest() int {
	if r.Tested == nil {
		return 3
	}
	return slices.Index([]cssClass{classBad, classInactive, classGood}, r.Tested.Class)
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
