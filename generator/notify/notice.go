package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Notice describes one event with the fields that every viewer of the project may
// read. Its texts are plain: each sink escapes the markup of its destination.
type Notice struct {
	ID      string // the same on every server that reports this event
	Project string // its name
	Event   Event
	At      time.Time
	Staging *staging.View // redacted for viewers
	Page    string        // Octopod's page of the staging; "" without one

	By, Change string // of the last commit, as far as every viewer may know

	Headline, Sentence string
	Facts              []Fact
	Links              []Link
}

// Caused adds the author and the subject of the commit that led to the event.
func (n *Notice) Caused(by, change string) {
	n.By, n.Change = oneLine(by), oneLine(change)
	for _, f := range []Fact{{"Changed by", n.By}, {"Change", n.Change}} {
		if f.Text != "" {
			n.Facts = append(n.Facts, f)
		}
	}
}

// Fact is one line of a notice.
type Fact struct{ Name, Text string }

// Link is an http or https address with a name.
type Link struct{ Name, URL string }

// Compose returns the notice of an event. The view must be redacted for viewers; more
// replaces the sentence about the status.
func Compose(p *project.Project, o Event, v *staging.View, page, more string, at time.Time) Notice {
	n := Notice{Project: p.Metadata.Name, Event: o, At: at, Staging: v, Page: page}
	n.ID = n.identity()
	n.Headline = oneLine(v.Metadata.Name + " " + headlineVerb(o))
	n.Sentence = oneLine(cmp.Or(more, Sentence(p, o.On, v)))
	n.Facts = facts(p, v)
	n.Links = links(p, o.On, v, page)
	return n
}

// identity returns a hash of the event, the same on every server.
func (n Notice) identity() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %v", n.Project, n.Staging.Metadata.Name, n.Staging.Version, struct {
		On    project.Trigger
		Again bool
	}{n.Event.On, n.Event.Again}))
	return hex.EncodeToString(sum[:16])
}

// headlineVerb returns the headline's text after the name.
func headlineVerb(o Event) string {
	switch o.On {
	case project.OnRunning:
		if o.Again {
			return "runs again"
		}
		return "runs"
	case project.OnFailed:
		return "failed"
	case project.OnDegraded:
		return "has trouble"
	case project.OnArchived:
		return "is archived"
	case project.OnDeleted:
		return "is deleted"
	case project.OnWarning:
		return "goes soon"
	}
	return string(o.On)
}

// Sentence describes the state of a staging, for people who know neither git nor
// Kubernetes.
func Sentence(p *project.Project, on project.Trigger, v *staging.View) string {
	usual := map[project.Trigger]string{
		project.OnRunning:  "Everything runs.",
		project.OnFailed:   "It could not be deployed. Ask a developer to check it.",
		project.OnDegraded: "A part of it does not work.",
		project.OnArchived: "It sleeps. Its data is kept.",
		project.OnDeleted:  "It is removed completely.",
	}[on]
	if on == project.OnFailed && v.Spec.State == staging.Deleting {
		usual = "It could not be removed. Ask a developer to check it."
	}
	if plain := v.Status.Reason.Plain(p.ServiceTitles()); plain != "" && on != project.OnDeleted {
		return plain + "."
	}
	return usual
}

func facts(p *project.Project, v *staging.View) []Fact {
	all := []Fact{
		{"Project", cmp.Or(p.Spec.UI.Title, p.Metadata.Title, p.Metadata.Name)},
		{"Title", v.Metadata.Title},
		{"Branch", v.Spec.Branch},
		{"Pull request", requestText(v.Spec.PullRequest)},
		{"Versions", versions(p, v)},
	}
	if v.Spec.Expires != nil && v.Spec.State == staging.Active {
		all = append(all, Fact{"Expires", v.Spec.Expires.UTC().Format("2 Jan 2006")})
	}
	var filled []Fact
	for _, f := range all {
		if f.Text = oneLine(f.Text); f.Text != "" {
			filled = append(filled, f)
		}
	}
	return filled
}

func requestText(r *staging.PullRequest) string {
	if r == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Number, r.Title))
}

// versions lists the desired version of each service.
func versions(p *project.Project, v *staging.View) string {
	var parts []string
	for _, name := range p.ServiceNames() {
		if service, there := v.Spec.Services[name]; there {
			parts = append(parts, cmp.Or(p.Spec.Services[name].Title, name)+" "+staging.ImageTag(service.Image))
		}
	}
	return strings.Join(parts, ", ")
}

// links returns the links of a notice: the staging, its page and its pull request.
func links(p *project.Project, on project.Trigger, v *staging.View, page string) []Link {
	var found []Link
	add := func(name, address string) {
		if address = WebAddress(address); address != "" {
			found = append(found, Link{name, address})
		}
	}
	if up := on == project.OnRunning || on == project.OnDegraded || on == project.OnWarning; up && p.Spec.UI.Shows(project.SectionLinks, project.RoleViewer) {
		add("Open", v.Status.URL)
	}
	if on != project.OnDeleted {
		add("Details", page)
	}
	if v.Spec.PullRequest != nil {
		add("Pull request", v.Spec.PullRequest.URL)
	}
	return found
}

// WebAddress returns an http or https address, escaped for every markup, or "" for
// any other text.
func WebAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(u.Host, "<>|()\"'`\\ ") {
		return ""
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "'", "%27", "|", "%7C", "<", "%3C", ">", "%3E", "`", "%60", `\`, "%5C", `"`, "%22", " ", "%20", "*", "%2A").
		Replace(u.String())
}

// maxText bounds the characters of a single text.
const maxText = 200

// oneLine returns a text without line breaks, control and direction characters, cut
// off after longest characters.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.Map(replaceInvisible, text)), " ")
	if runes := []rune(text); len(runes) > maxText {
		return string(runes[:maxText-1]) + "…"
	}
	return text
}

// replaceInvisible replaces invisible characters by a space.
func replaceInvisible(r rune) rune {
	switch {
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return ' '
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
		return ' '
	}
	return r
}

// Test returns a notice that tests a sink.
func Test(page string, at time.Time) Notice {
	s := staging.Staging{Name: "test"}
	n := Notice{
		Project: "octopod", Event: Event{On: "test"}, At: at, Page: page, Staging: &staging.View{Document: s.Document(), Version: at.UTC().Format(time.RFC3339Nano)},
		Headline: "A test message of Octopod", Sentence: "Octopod will report changes of stagings here.",
	}
	n.ID = n.identity()
	if address := WebAddress(page); address != "" {
		n.Links = []Link{{"Octopod", address}}
	}
	return n
}
