package project

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// UI says how the page looks, and which parts of it are for whom.
type UI struct {
	// Title at the top of every page. Default the project's title.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// SVG or PNG file in the env repo: the path from the root.
	Logo string `yaml:"logo,omitempty" json:"logo,omitempty"`
	// Colour of buttons and links: "#6d28d9". The web UI darkens or lightens it if the contrast is
	// too low.
	Accent string `yaml:"accent,omitempty" json:"accent,omitempty" jsonschema:"pattern=^#[0-9a-fA-F]{6}$"`
	// Role required to see a part of a staging; lower roles never receive the data. Parts: author,
	// branch, services, settings, links, created, changed, expires, history (default viewer);
	// detail, resources, files, activity (default admin).
	Visible map[Section]Role `yaml:"visible,omitempty" json:"visible,omitempty"`
}

// Section is a column or a section of the page that may be kept from a role.
type Section string

// The parts.
const (
	SectionAuthor    Section = "author"    // who made a staging, and whose pull request it is
	SectionBranch    Section = "branch"    // branch and pull request
	SectionServices  Section = "services"  // which parts run, and which version of each
	SectionSettings  Section = "settings"  // every setting and its value
	SectionLinks     Section = "links"     // the project's links; each has a role of its own as well
	SectionCreated   Section = "created"   //
	SectionChanged   Section = "changed"   //
	SectionExpires   Section = "expires"   //
	SectionHistory   Section = "history"   // who changed what, and the way back
	SectionDetail    Section = "detail"    // the technical reason of a status, as Argo CD words it
	SectionResources Section = "resources" // objects in the cluster
	SectionFiles     Section = "files"     // what lies in the env repo, and manifest diffs
	SectionActivity  Section = "activity"  // the actions of all stagings
)

// defaultSections gives the least role of every part where the project says nothing.
func defaultSections() map[Section]Role {
	return map[Section]Role{
		SectionAuthor: RoleViewer, SectionBranch: RoleViewer, SectionServices: RoleViewer, SectionSettings: RoleViewer,
		SectionLinks: RoleViewer, SectionCreated: RoleViewer, SectionChanged: RoleViewer, SectionExpires: RoleViewer,
		SectionHistory: RoleViewer,
		SectionDetail:  RoleAdmin, SectionResources: RoleAdmin, SectionFiles: RoleAdmin, SectionActivity: RoleAdmin,
	}
}

// Shows tells whether a role is shown a part of the page.
func (u UI) Shows(part Section, to Role) bool {
	least, said := u.Visible[part]
	if !said {
		least = defaultSections()[part]
	}
	return to.Includes(least)
}

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (p *Project) checkUI(c *problems) {
	ui := p.Spec.UI
	if ui.Logo != "" {
		checkPath(c, "spec.ui.logo", ui.Logo)
		if kind := strings.ToLower(path.Ext(ui.Logo)); kind != ".svg" && kind != ".png" {
			c.add("spec.ui.logo", "%q is neither an .svg nor a .png file", ui.Logo)
		}
	}
	if ui.Accent != "" && !colour.MatchString(ui.Accent) {
		c.add("spec.ui.accent", "%q is no colour: write \"#6d28d9\"", ui.Accent)
	}
	for _, part := range sortedKeys(ui.Visible) {
		field := fmt.Sprintf("spec.ui.visible.%s", part)
		if _, known := defaultSections()[part]; !known {
			c.add(field, "the page has no such part%s", listChoices(sectionNames()))
			continue
		}
		checkRole(c, field, ui.Visible[part])
	}
}

func sectionNames() []string {
	var names []string
	for _, part := range sortedKeys(defaultSections()) {
		names = append(names, string(part))
	}
	return names
}
