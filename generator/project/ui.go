package project

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// UI is the appearance of the web UI, and the role that each section of it requires.
type UI struct {
	// Title at the top of every page. Default the project's title.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// SVG or PNG file in the env repo: the path from the root.
	Logo string `yaml:"logo,omitempty" json:"logo,omitempty"`
	// Colour of buttons and links: "#6d28d9". The web UI darkens or lightens it if the contrast is
	// too low.
	Accent string `yaml:"accent,omitempty" json:"accent,omitempty" jsonschema:"pattern=^#[0-9a-fA-F]{6}$"`
	// Role required to see a part of a staging; lower roles never receive the data. Parts: author,
	// branch, services, settings, links, created, changed, expires, history, cost (default viewer);
	// detail, resources, files, activity (default admin).
	Visible map[Section]Role `yaml:"visible,omitempty" json:"visible,omitempty"`
}

// Section is a part of the data of a staging that may be hidden from a role.
type Section string

// The sections.
const (
	SectionAuthor    Section = "author"   // of the staging and of its pull request
	SectionBranch    Section = "branch"   // branch and pull request
	SectionServices  Section = "services" // services and their versions
	SectionSettings  Section = "settings" // settings and their values
	SectionLinks     Section = "links"    // links of the project; each link also has its own role
	SectionCreated   Section = "created"
	SectionChanged   Section = "changed"
	SectionExpires   Section = "expires"
	SectionHistory   Section = "history"   // versions, with their authors, and undo
	SectionCost      Section = "cost"      // what a staging costs, and the price table
	SectionDetail    Section = "detail"    // technical details of a status, in the words of Argo CD
	SectionResources Section = "resources" // objects in the cluster
	SectionFiles     Section = "files"     // files of the env repo, and diffs of manifests
	SectionActivity  Section = "activity"  // actions on all stagings
)

// defaultSections holds the required role of every section without a setting in octopod.yaml.
var defaultSections = map[Section]Role{
	SectionAuthor: RoleViewer, SectionBranch: RoleViewer, SectionServices: RoleViewer, SectionSettings: RoleViewer,
	SectionLinks: RoleViewer, SectionCreated: RoleViewer, SectionChanged: RoleViewer, SectionExpires: RoleViewer,
	SectionHistory: RoleViewer, SectionCost: RoleViewer,
	SectionDetail: RoleAdmin, SectionResources: RoleAdmin, SectionFiles: RoleAdmin, SectionActivity: RoleAdmin,
}

// Shows reports whether a role may see a section.
func (u UI) Shows(section Section, role Role) bool {
	least, configured := u.Visible[section]
	if !configured {
		least = defaultSections[section]
	}
	return role.Includes(least)
}

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func (u UI) check(c *problems) {
	if u.Logo != "" {
		checkPath(c, "spec.ui.logo", u.Logo)
		if kind := strings.ToLower(path.Ext(u.Logo)); kind != ".svg" && kind != ".png" {
			c.add("spec.ui.logo", "%q is neither an .svg nor a .png file", u.Logo)
		}
	}
	if u.Accent != "" && !colour.MatchString(u.Accent) {
		c.add("spec.ui.accent", "%q is not a colour: write \"#6d28d9\"", u.Accent)
	}
	for _, part := range slices.Sorted(maps.Keys(u.Visible)) {
		field := fmt.Sprintf("spec.ui.visible.%s", part)
		if _, known := defaultSections[part]; !known {
			c.add(field, "there is no such part%s", listChoices(sectionNames()))
			continue
		}
		checkRole(c, field, u.Visible[part])
	}
}

func sectionNames() []string {
	var names []string
	for _, part := range slices.Sorted(maps.Keys(defaultSections)) {
		names = append(names, string(part))
	}
	return names
}
