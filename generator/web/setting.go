package web

import (
	"cmp"
	"slices"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// settingGroup is a heading with the settings under it.
type settingGroup struct {
	Title    string
	Settings []setting
}

// setting is a parameter with what one staging makes of it.
type setting struct {
	Name, Help string
	Value      string // as it may be shown
	Default    string // what it is where the staging says nothing
	Source     string // in words: where the value comes from
	Changed    bool   // differs from the project
	Own        bool   // set on this staging, so that it can be undone
	Removed    bool
	Removable  bool
	Locked     bool // not for the viewer's role
	Undo       string
	Error      string
	Group      string

	// The widget: select, switch, number, secret or text.
	Widget      string
	Allowed     []string
	Min, Max    *int
	Pattern     string
	Secret      bool                      // its value is not shown
	SecretNames []project.SecretReference // stored secrets that it may name
	Input       string                    // the value that the form begins with
	// What a person had filled in already, when the form is shown again.
	Typed       string
	TypedAbsent bool
	Edited      bool
}

const otherGroup = "Other"

// settingGroups are all settings of a staging, grouped as octopod.yaml says.
func (req *projectRequest) settingGroups(s staging.Staging) []settingGroup {
	var groups []settingGroup
	for _, declared := range req.project.Settings(s) {
		one := req.setting(s, declared)
		i := slices.IndexFunc(groups, func(g settingGroup) bool { return g.Title == one.Group })
		if i < 0 {
			groups = append(groups, settingGroup{Title: one.Group})
			i = len(groups) - 1
		}
		groups[i].Settings = append(groups[i].Settings, one)
	}
	slices.SortStableFunc(groups, func(a, b settingGroup) int {
		return cmp.Or(compareBool(a.Title == otherGroup, b.Title == otherGroup), cmp.Compare(a.Title, b.Title))
	})
	return groups
}

func (req *projectRequest) setting(s staging.Staging, declared project.Setting) setting {
	p, name := declared.Parameter, declared.Name
	fallback := req.project.InheritedSetting(s, name)
	one := setting{
		Name: name, Help: p.Help, Group: cmp.Or(p.Group, otherGroup),
		Value: valueText(name, declared), Default: valueText(name, fallback),
		Own: declared.Origin == project.OriginOverride, Removed: declared.Absent(),
		Changed:   declared.Origin == project.OriginOverride || declared.Origin == project.OriginPreset,
		Removable: p.Check(nil) == nil, Locked: !req.role.Includes(p.Role),
		Min: p.Min, Max: p.Max, Pattern: p.Pattern, Widget: widgetOf(p),
	}
	one.Secret = p.Type != project.TypeSecret && staging.IsSecretName(name)
	if !one.Secret {
		one.Input = staging.FormatValue(declared.Value)
	}
	for _, value := range p.Allowed {
		one.Allowed = append(one.Allowed, staging.FormatValue(value))
	}
	if one.Own && !one.Locked && s.Name != "" {
		one.Undo = req.stagingPath(s.Name, "unset?name="+name)
	}
	one.Source = originLabel(declared)
	return one
}

// suggestSecrets adds to a form the names of stored secrets that the project and the
// stagings which the viewer sees know.
func (req *projectRequest) suggestSecrets(groups []settingGroup) {
	var among []staging.Staging
	views, _ := req.Feed.Views()
	for _, r := range req.cachedRows(views...) {
		among = append(among, r.view.Staging())
	}
	for i := range groups {
		for j := range groups[i].Settings {
			if s := &groups[i].Settings[j]; !s.Locked {
				s.SecretNames = req.project.SecretReferences(s.Name, among)
			}
		}
	}
}

func originLabel(s project.Setting) string {
	switch s.Origin {
	case project.OriginOverride:
		return "changed here"
	case project.OriginPreset:
		return "from preset " + s.Preset
	case project.OriginDefault:
		return "default"
	}
	return "built in"
}

func widgetOf(p project.Parameter) string {
	switch {
	case p.Type == project.TypeBoolean:
		return "switch"
	case len(p.Allowed) > 0:
		return "select"
	case p.Type == project.TypeInteger:
		return "number"
	case p.Type == project.TypeSecret:
		return "secret"
	}
	return "text"
}

// compareBool puts false first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// FieldValue is what the field holds.
func (s setting) FieldValue() string {
	if s.Edited {
		return s.Typed
	}
	return s.Input
}

// Absent tells whether the box that removes the setting is ticked.
func (s setting) Absent() bool {
	if s.Edited {
		return s.TypedAbsent
	}
	return s.Removed
}
