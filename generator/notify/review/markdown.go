package review

import (
	"cmp"
	"fmt"
	"strings"

	"octopod/generator/notify"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// icons is the icon of a headline.
var icons = map[State]string{Pending: "⏳", Success: "✅", Failure: "❌", Inactive: "💤"}

// comment describes a staging in Markdown: its name, state, address, versions and
// expiry. The text does not depend on the time, so that two servers write the same.
func comment(p *project.Project, v *staging.View, page string) string {
	var b strings.Builder
	name := notify.Markdown(v.Metadata.Name)
	if url := address(p, v); url != "" && isUp(v.Status.Phase) {
		name = "[" + name + "](" + url + ")"
	}
	icon := icons[stateOf(v.Status.Phase)]
	if v.Status.Phase == Gone || v.Status.Phase == staging.PhaseDeleting {
		icon = "🗑️"
	}
	fmt.Fprintf(&b, "### %s Staging %s %s\n\n%s\n", icon, name, summary(v.Status.Phase), notify.Markdown(sentence(p, v)))
	if v.Status.Phase != Gone {
		b.WriteString(serviceTable(p, v))
	}
	if line := footer(p, v, page); line != "" {
		b.WriteString("\n" + line + "\n")
	}
	return b.String()
}

// isUp reports whether the staging can be opened.
func isUp(phase staging.Phase) bool {
	return phase == staging.PhaseRunning || phase == staging.PhaseUpdating || phase == staging.PhaseDegraded
}

// serviceTable returns the table of the services that a viewer may see, with their addresses
// while the staging is up.
func serviceTable(p *project.Project, v *staging.View) string {
	linked := p.Spec.UI.Shows(project.SectionLinks, project.RoleViewer) && isUp(v.Status.Phase) && len(v.Status.URLs) > 0
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

// link returns a Markdown link: not every forge turns URLs into links.
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
		return tag + " (picked by hand)"
	}
	return tag
}

// footer returns the expiry and the links.
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

// links returns the project's own links for viewers. It leaves out links with a hidden
// branch in their URL.
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
