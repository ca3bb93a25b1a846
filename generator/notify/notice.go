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

// Notice is one occasion in words, as any viewer of the project may read them.
// Its texts are plain: what a place understands as markup is the place's sink to
// take care of.
type Notice struct {
	ID       string // the same on every server that tells of this occasion
	Project  string // its name
	Occasion Occasion
	At       time.Time
	Staging  *staging.View // as a viewer sees it
	Page     string        // of the staging, on Octopod; "" where people reach none

	Headline, Sentence string
	Facts              []Fact
	Links              []Link
}

// Fact is one line of a notice.
type Fact struct{ Name, Text string }

// Link is an http or https address with a name.
type Link struct{ Name, URL string }

// Compose puts an occasion into words. The view is the one that a viewer may
// see; more overrides the sentence about its status.
func Compose(p *project.Project, o Occasion, v *staging.View, page, more string, at time.Time) Notice {
	n := Notice{Project: p.Metadata.Name, Occasion: o, At: at, Staging: v, Page: page}
	n.ID = n.identity()
	n.Headline = oneLine(v.Metadata.Name + " " + deed(o))
	n.Sentence = oneLine(cmp.Or(more, Sentence(p, o.On, v)))
	n.Facts = facts(p, v)
	n.Links = links(p, o.On, v, page)
	return n
}

// identity is made of what happened, not of who saw it.
func (n Notice) identity() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %v", n.Project, n.Staging.Metadata.Name, n.Staging.Version, n.Occasion))
	return hex.EncodeToString(sum[:16])
}

// deed is what a headline says behind the name.
func deed(o Occasion) string {
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

// Sentence says how a staging is, for people who know neither git nor Kubernetes.
func Sentence(p *project.Project, on project.Trigger, v *staging.View) string {
	usual := map[project.Trigger]string{
		project.OnRunning:  "Everything runs.",
		project.OnFailed:   "It could not be put in place. Somebody who develops it should have a look.",
		project.OnDegraded: "A part of it does not work.",
		project.OnArchived: "It sleeps. Its data are kept.",
		project.OnDeleted:  "Nothing is left of it.",
	}[on]
	if on == project.OnFailed && v.Spec.State == staging.Deleting {
		usual = "It could not be taken down. Somebody who develops it should have a look."
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
	var told []Fact
	for _, f := range all {
		if f.Text = oneLine(f.Text); f.Text != "" {
			told = append(told, f)
		}
	}
	return told
}

func requestText(r *staging.PullRequest) string {
	if r == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Number, r.Title))
}

// versions says which version of each part is wanted.
func versions(p *project.Project, v *staging.View) string {
	var parts []string
	for _, name := range p.ServiceNames() {
		if service, there := v.Spec.Services[name]; there {
			parts = append(parts, cmp.Or(p.Spec.Services[name].Title, name)+" "+staging.ImageTag(service.Image))
		}
	}
	return strings.Join(parts, ", ")
}

// links are where a reader goes from here.
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

// WebAddress gives an address of the web in a form that no markup breaks out
// of, and nothing for any other.
func WebAddress(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.ContainsAny(u.Host, "<>|()\"'`\\ ") {
		return ""
	}
	return strings.NewReplacer("(", "%28", ")", "%29", "'", "%27", "|", "%7C", "<", "%3C", ">", "%3E", "`", "%60", `\`, "%5C", `"`, "%22", " ", "%20", "*", "%2A").
		Replace(u.String())
}

// longest is how many characters of a single text are told.
const longest = 200

// oneLine is a text without line breaks, control and direction characters, and
// not endless.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.Map(visible, text)), " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return text
}

// visible replaces what is not seen by a space.
func visible(r rune) rune {
	switch {
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return ' '
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
		return ' '
	}
	return r
}

// Test is a notice about nothing, to see whether it arrives.
func Test(page string, at time.Time) Notice {
	s := staging.Staging{Name: "test"}
	n := Notice{
		Project: "octopod", Occasion: Occasion{On: "test"}, At: at, Page: page, Staging: &staging.View{Document: s.Document(), Version: at.UTC().Format(time.RFC3339Nano)},
		Headline: "A test message of Octopod", Sentence: "Whoever reads this is told when a staging changes.",
	}
	n.ID = n.identity()
	if address := WebAddress(page); address != "" {
		n.Links = []Link{{"Octopod", address}}
	}
	return n
}
