package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// settingGroup is a group of settings with a title.
type settingGroup struct {
	Title    string
	Settings []setting
}

// setting is a parameter with its value in one staging.
type setting struct {
	Name, Help string
	Title      string // for people; empty without one
	Value      string // masked if secret-like
	Default    string // value without an override in the staging
	Source     string // label of the origin of the value
	Changed    bool   // differs from the project's default
	Own        bool   // set on this staging
	Removed    bool
	Removable  bool
	Locked     bool // the viewer's role may not change it
	Required   bool
	Condition  string // when it applies, for people; empty for always
	When       string // the same for the script of the page
	Unused     bool   // it does not apply now
	Undo       string
	Error      string
	Focus      bool // the first field with an error
	Group      string

	// The widget: select, checks, switch, number, secret or text.
	Widget      string
	Decimal     bool // the number may have decimals
	List        bool // the text has items with commas between them
	Duration    bool
	Allowed     []string
	Risky       []string // allowed values that need care
	Rules       []valueRule
	Min, Max    *int
	Pattern     string
	Secret      bool                      // the value is never shown
	SecretNames []project.SecretReference // suggestions for a secret reference
	Input       string                    // initial value of the form
	// The posted values, when the form is shown again.
	Typed       string
	TypedAbsent bool
	Edited      bool
}

const otherGroup = "Other"

// settingGroups returns all settings of a staging, grouped as in octopod.yaml.
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
		Name: name, Help: p.Help, Title: p.Title, Group: cmp.Or(p.Group, otherGroup),
		Value: valueText(name, declared), Default: valueText(name, fallback),
		Own: declared.Origin == project.OriginOverride, Removed: declared.Absent(),
		Changed:   declared.Origin == project.OriginOverride || declared.Origin == project.OriginPreset,
		Removable: p.Check(nil) == nil, Locked: !req.role.Includes(p.Role),
		Min: p.Min, Max: p.Max, Pattern: p.Pattern, Widget: widgetOf(p),
		Decimal: p.Type == project.TypeDecimal, List: p.Type == project.TypeList, Duration: p.Type == project.TypeDuration,
	}
	one.Required, one.Condition, one.Unused = p.Required, p.Condition(), declared.Unused
	one.When = conditionText(p)
	one.Secret = p.Type != project.TypeSecret && staging.IsSecretName(name)
	if !one.Secret {
		one.Input = staging.FormatValue(declared.Value)
	}
	for _, value := range p.Allowed {
		one.Allowed = append(one.Allowed, staging.FormatValue(value))
	}
	for _, value := range p.Risky {
		one.Risky = append(one.Risky, staging.FormatValue(value))
	}
	one.Rules = req.rulesOf(p)
	for _, rule := range one.Rules {
		if !slices.Contains(one.Risky, rule.Value) {
			one.Risky = append(one.Risky, rule.Value)
		}
	}
	if one.Own && !one.Locked && s.Name != "" {
		one.Undo = req.stagingPath(s.Name, "unset?name="+name)
	}
	one.Source = originLabel(declared)
	return one
}

// conditionText returns the values of other settings under which a parameter applies, as JSON.
func conditionText(p project.Parameter) string {
	if len(p.When) == 0 {
		return ""
	}
	values := map[string][]string{}
	for name, all := range p.When {
		for _, value := range all {
			values[name] = append(values[name], staging.FormatValue(value))
		}
	}
	text, _ := json.Marshal(values) // of texts
	return string(text)
}

// suggestSecrets adds the names of stored secrets that the project and the stagings
// visible to the viewer use.
func (req *projectRequest) suggestSecrets(groups []settingGroup) {
	var among []staging.Staging
	entries, _ := req.Entries()
	for _, r := range req.listOf(entries).rows {
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
	return "built-in value"
}

func widgetOf(p project.Parameter) string {
	switch {
	case p.Type == project.TypeBoolean:
		return "switch"
	case len(p.Allowed) > 0 && p.Type == project.TypeList:
		return "checks"
	case len(p.Allowed) > 0:
		return "select"
	case p.Type == project.TypeInteger, p.Type == project.TypeDecimal:
		return "number"
	case p.Type == project.TypeSecret:
		return "secret"
	}
	return "text"
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// orderByUse puts the settings first that need care, and then the ones that most
// stagings change; their groups, too.
func (req *projectRequest) orderByUse(groups []settingGroup) {
	uses := map[string]int{}
	entries, _ := req.Entries()
	for _, r := range req.listOf(entries).rows {
		for _, s := range r.Settings {
			uses[s.Name]++
		}
	}
	before := func(a, b setting) int {
		return cmp.Or(-compareBool(len(a.Risky) > 0, len(b.Risky) > 0), cmp.Compare(uses[b.Name], uses[a.Name]))
	}
	for i := range groups {
		slices.SortStableFunc(groups[i].Settings, before)
	}
	slices.SortStableFunc(groups, func(a, b settingGroup) int { return before(a.Settings[0], b.Settings[0]) })
}

// ID returns the id of the field.
func (s setting) ID() string { return "f-" + s.Name }

// Described returns the ids of the texts about the field.
func (s setting) Described() string {
	var ids []string
	add := func(prefix string, there bool) {
		if there {
			ids = append(ids, prefix+s.Name)
		}
	}
	add("h-", s.Help != "")
	add("r-", len(s.Risky) > 0)
	add("d-", s.Limits() != "" || s.Widget == "secret")
	add("e-", s.Error != "")
	return strings.Join(ids, " ")
}

// Limits returns what values a field takes, and its default, in words.
func (s setting) Limits() string {
	var words []string
	if s.Widget == "number" && s.Min != nil {
		words = append(words, fmt.Sprintf("at least %d", *s.Min))
	}
	if s.Widget == "number" && s.Max != nil {
		words = append(words, fmt.Sprintf("at most %d", *s.Max))
	}
	if s.Widget == "text" && s.List {
		words = append(words, "items with commas between them")
	}
	if s.Widget == "text" && s.Duration {
		words = append(words, "a time such as 90s, 36h or 14d")
	}
	if s.Default != "" && slices.Contains([]string{"number", "text", "checks"}, s.Widget) {
		words = append(words, "default "+s.Default)
	}
	return strings.Join(words, ", ")
}

// Has reports whether an item of a list is ticked.
func (s setting) Has(item string) bool {
	return slices.Contains(strings.Split(s.FieldValue(), ","), item)
}

// Forbids reports whether the viewer may not choose a value.
func (s setting) Forbids(value string) bool {
	return slices.ContainsFunc(s.Rules, func(r valueRule) bool { return r.Value == value && r.Locked })
}

// RiskyText lists the values that need care.
func (s setting) RiskyText() string { return strings.Join(s.Risky, ", ") }

// FieldValue returns the value of the form field.
func (s setting) FieldValue() string {
	if s.Edited {
		return s.Typed
	}
	return s.Input
}

// Absent reports whether the checkbox that removes the setting is ticked.
func (s setting) Absent() bool {
	if s.Edited {
		return s.TypedAbsent
	}
	return s.Removed
}

// rulesOf returns the rules of the values of a parameter.
func (req *projectRequest) rulesOf(p project.Parameter) []valueRule {
	var all []valueRule
	for _, value := range p.Allowed {
		rule, ok := p.Rule(value)
		if !ok {
			continue
		}
		role := p.RoleFor(value)
		var words []string
		if role == project.RoleAdmin {
			words = append(words, "only for admins")
		}
		if rule.Reason == project.ReasonRequired {
			words = append(words, "needs a reason")
		}
		if rule.Term > 0 {
			words = append(words, fmt.Sprintf("ends after %s at most", rule.Term))
		}
		text := strings.TrimSpace(rule.Warning + " " + sentence(strings.Join(words, ", ")))
		all = append(all, valueRule{Value: staging.FormatValue(value), Text: text, Locked: !req.role.Includes(role)})
	}
	return all
}

// valueRule is what the choice of one value requires, in words.
type valueRule struct {
	Value, Text string
	Locked      bool // the viewer may not choose it
}
