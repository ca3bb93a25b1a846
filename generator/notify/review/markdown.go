package review

import (
	"cmp"
	"fmt"
	"strings"

	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// sign stands before a headline, to be seen at a glance.
var sign = map[State]string{Pending: "⏳", Success: "✅", Failure: "❌", Inactive: "💤"}

// comment is a staging as Markdown: what is it, how is it, where is it, which
// version of each part runs, until when. Nothing in it depends on when it is
// written, so that two servers write the same.
func comment(p *project.Project, v *staging.View, page string) string {
	var b strings.Builder
	name := notify.Markdown(v.Metadata.Name)
	if url := address(p, v); url != "" && up(v.Status.Phase) {
		name = "[" + name + "](" + url + ")"
	}
	icon := sign[stateOf(v.Status.Phase)]
	if v.Status.Phase == Gone || v.Status.Phase == staging.PhaseDeleting {
		icon = "🗑️"
	}
	fmt.Fprintf(&b, "### %s Staging %s %s\n\n%s\n", icon, name, summary(v.Status.Phase), notify.Markdown(sentence(p, v)))
	if v.Status.Phase != Gone {
		b.WriteString(parts(p, v))
	}
	if line := footer(p, v, page); line != "" {
		b.WriteString("\n" + line + "\n")
	}
	return b.String()
}

// up tells whether there is something to open.
func up(phase staging.Phase) bool {
	return phase == staging.PhaseRunning || phase == staging.PhaseUpdating || phase == staging.PhaseDegraded
}

// parts is the table of the services that a viewer is shown, with their
// addresses while there is something behind them.
func parts(p *project.Project, v *staging.View) string {
	linked := p.Spec.UI.Shows(project.SectionLinks, project.RoleViewer) && up(v.Status.Phase) && len(v.Status.URLs) > 0
	var rows []string
	for _, name := range p.ServiceNames() {
		service, there := v.Spec.Services[name]
		if !there {
			continue
		}
		row := "| " + notify.Markdown(cmp.Or(p.Spec.Services[name].Title, name)) + " | " + version(service) + " |"
		if linked {
			row += " " + link(v.Status.URLs[name]) + " |"
		}
		rows = append(rows, row+"\n")
	}
	switch {
	case len(rows) == 0:
		return ""
	case linked:
		return "\n| Part | Version | Address |\n| --- | --- | --- |\n" + strings.Join(rows, "")
	}
	return "\n| Part | Version |\n| --- | --- |\n" + strings.Join(rows, "")
}

// link is an address as a link: not every forge finds addresses by itself.
func link(url string) string {
	if url == "" {
		return ""
	}
	return "[" + strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "http://") + "](" + url + ")"
}

func version(s staging.Service) string {
	tag := notify.Markdown(staging.ImageTag(s.Image))
	switch s.From {
	case staging.FromDefault:
		return tag + " (the default)"
	case staging.FromPinned:
		return tag + " (chosen by hand)"
	}
	return tag
}

// footer says until when, and where a viewer goes from here.
func footer(p *project.Project, v *staging.View, page string) string {
	var words []string
	if v.Spec.Expires != nil && v.Spec.State == staging.Active && v.Status.Phase != Gone {
		words = append(words, "Kept until "+v.Spec.Expires.UTC().Format("2 Jan 2006"))
	}
	if page != "" && v.Status.Phase != Gone {
		words = append(words, "[Settings, versions and more]("+page+")")
	}
	if stateOf(v.Status.Phase) != Inactive && p.Spec.UI.Shows(project.SectionLinks, project.RoleViewer) {
		words = append(words, links(p, v)...)
	}
	return strings.Join(words, " · ")
}

// links are the project's own, as far as they are for viewers. One that is made
// of a branch which is not shown leads nowhere.
func links(p *project.Project, v *staging.View) []string {
	var found []string
	for i, l := range p.Links(v.Document.Staging()) {
		url := notify.WebAddress(l.URL)
		nowhere := v.Spec.Branch == "" && strings.Contains(p.Spec.Links[i].URL, "{branch}")
		if url != "" && !nowhere && project.RoleViewer.Includes(l.Role) {
			found = append(found, "["+notify.Markdown(l.Name)+"]("+url+")")
		}
	}
	return found
}
