package project

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// UI says how the page looks, and which parts of it are for whom.
type UI struct {
	// Name of the product at the top of every page. Default the project's title.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// An SVG or PNG file of the env repo, by its path from the root.
	Logo string `yaml:"logo,omitempty" json:"logo,omitempty"`
	// Colour of buttons and links: "#6d28d9". It is darkened or lightened where it could not be read.
	Accent string `yaml:"accent,omitempty" json:"accent,omitempty" jsonschema:"pattern=^#[0-9a-fA-F]{6}$"`
	// Least role that is shown a part of the page; nobody below it receives it. Parts: author,
	// branch, services, settings, links, created, changed, expires, history (default viewer);
	// detail, resources, files, activity (default admin).
	Visible map[Part]Role `yaml:"visible,omitempty" json:"visible,omitempty"`
}

// Part is a column or a section of the page that may be kept from a role.
type Part string

// The parts.
const (
	PartAuthor    Part = "author"    // who made a staging, and whose pull request it is
	PartBranch    Part = "branch"    // branch and pull request
	PartServices  Part = "services"  // which parts run, and which version of each
	PartSettings  Part = "settings"  // every setting and its value
	PartLinks     Part = "links"     // the project's links; each has a role of its own as well
	PartCreated   Part = "created"   //
	PartChanged   Part = "changed"   //
	PartExpires   Part = "expires"   //
	PartHistory   Part = "history"   // who changed what, and the way back
	PartDetail    Part = "detail"    // the technical reason of a status, as Argo CD words it
	PartResources Part = "resources" // objects in the cluster
	PartFiles     Part = "files"     // what lies in the env repo, and manifest diffs
	PartActivity  Part = "activity"  // the actions of all stagings
)

// parts gives the least role of every part where the project says nothing.
func parts() map[Part]Role {
	return map[Part]Role{
		PartAuthor: RoleViewer, PartBranch: RoleViewer, PartServices: RoleViewer, PartSettings: RoleViewer,
		PartLinks: RoleViewer, PartCreated: RoleViewer, PartChanged: RoleViewer, PartExpires: RoleViewer,
		PartHistory: RoleViewer,
		PartDetail:  RoleAdmin, PartResources: RoleAdmin, PartFiles: RoleAdmin, PartActivity: RoleAdmin,
	}
}

// Shows tells whether a role is shown a part of the page.
func (u UI) Shows(part Part, to Role) bool {
	least, said := u.Visible[part]
	if !said {
		least = parts()[part]
	}
	return to.Includes(least)
}

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (p *Project) checkUI(c *faults) {
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
		if _, known := parts()[part]; !known {
			c.add(field, "the page has no such part%s", oneOf(partNames()))
			continue
		}
		checkRole(c, field, ui.Visible[part])
	}
}

func partNames() []string {
	var names []string
	for _, part := range sortedKeys(parts()) {
		names = append(names, string(part))
	}
	return names
}
