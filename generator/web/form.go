package web

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
)

// A settings form posts each value together with its original value ("was."), so
// that a save changes only the fields that the person edited and never reverts a
// concurrent change.
const (
	fieldValue  = "set."
	fieldAbsent = "absent."
	fieldWas    = "was."
)

// fieldAllowDataLoss allows a change to delete data.
const fieldAllowDataLoss = "allowDataLoss"

// readSettings adds the changed title, presets and settings of a form to an action.
// It ignores settings that the viewer may not change.
func (req *projectRequest) readSettings(a *staging.Action, form url.Values) {
	if title := strings.TrimSpace(form.Get("title")); form.Has("title") && title != form.Get(fieldWas+"title") {
		a.Title = &title
	}
	a.Presets = without(form["preset"], form[fieldWas+"preset"])
	a.DropPresets = without(form[fieldWas+"preset"], form["preset"])
	a.Set = map[string]string{}
	for _, name := range req.project.ParameterNames() {
		if parameter := req.project.Spec.Parameters[name]; req.role.Includes(parameter.Role) && req.shows(project.SectionSettings) {
			readSetting(a, name, parameter, form)
		}
	}
	req.readGrant(a, form)
}

func readSetting(a *staging.Action, name string, p project.Parameter, form url.Values) {
	if !form.Has(fieldValue + name) {
		return
	}
	value := postedValue(form[fieldValue+name], p.Type == project.TypeList)
	if p.Type != project.TypeString {
		value = strings.TrimSpace(value)
	}
	was, absent := form.Get(fieldWas+name), form.Has(fieldAbsent+name)
	switch wasAbsent := form.Has(fieldWas + fieldAbsent + name); {
	case absent && !wasAbsent:
		a.Absent = append(a.Absent, name)
	case absent:
	case value == was && !wasAbsent:
	case value == staging.FormatValue(p.Default) && p.Default != nil, value == "" && (p.Default == nil || p.Type != project.TypeString && p.Type != project.TypeList):
		a.Unset = append(a.Unset, name)
	default:
		a.Set[name] = value
	}
}

// postedValue returns the value of a field that posts several: a switch posts "false", followed
// by "true" when it is on, and a list posts "", followed by each ticked item.
func postedValue(values []string, list bool) string {
	if list {
		return strings.Join(slices.DeleteFunc(slices.Clone(values), func(item string) bool { return item == "" }), ",")
	}
	return values[len(values)-1]
}

func without(all, some []string) []string {
	var rest []string
	for _, s := range all {
		if s != "" && !slices.Contains(some, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

// changesNothing reports whether an action changes no setting.
func changesNothing(a staging.Action) bool {
	return a.Title == nil && len(a.Set)+len(a.Absent)+len(a.Unset)+len(a.Presets)+len(a.DropPresets)+len(a.Images) == 0
}

// restoreInput puts the posted values back into the settings.
func restoreInput(groups []settingGroup, form url.Values) {
	for i := range groups {
		for j := range groups[i].Settings {
			s := &groups[i].Settings[j]
			values := form[fieldValue+s.Name]
			if len(values) == 0 {
				continue
			}
			if typed := postedValue(values, s.List); typed != form.Get(fieldWas+s.Name) {
				s.Typed, s.Edited = typed, true
			}
			if form.Has(fieldAbsent+s.Name) != form.Has(fieldWas+fieldAbsent+s.Name) {
				s.TypedAbsent, s.Edited = form.Has(fieldAbsent+s.Name), true
			}
		}
	}
}

// formErrors holds the problems of a form, by field where possible.
type formErrors struct {
	Title, Hint string
	Rest        []string // problems without a field
	fields      map[string]string
	ids         map[string]string // of the fields, where they are not the names
	titles      map[string]string // of the fields, where they are not the names
	technical   int               // number of problems hidden from this viewer
	Loses       bool              // the change would delete data
	MayLose     bool              // the viewer may allow that
}

// formErrorsOf assigns the problems of an error to the fields of a form.
func (req *projectRequest) formErrorsOf(err error, fields []string) *formErrors {
	if fault := req.projectError(err); fault != nil {
		return &formErrors{Title: sentence(messageOf(fault)), Hint: hintFor(fault), fields: map[string]string{}}
	}
	f := &formErrors{Title: sentence(messageOf(err)), Hint: hintFor(err), fields: map[string]string{}, Loses: change.LosesData(err)}
	if f.Loses {
		f.MayLose = req.role.Includes(project.RoleAdmin)
	}
	for _, p := range staging.ProblemsOf(err) {
		field := fieldOf(p.Field, fields)
		switch {
		case p.Rule == change.RuleDataLoss && !req.shows(project.SectionDetail): // the title says it
		case field != "":
			f.fields[field] = sentence(p.Message)
		case (p.Object != "" || p.File != "" && p.Rule != "") && !req.shows(project.SectionDetail):
			f.technical++
		case req.shows(project.SectionDetail):
			f.Rest = append(f.Rest, p.String())
		default:
			f.Rest = append(f.Rest, sentence(p.Message))
		}
	}
	if f.technical > 0 {
		f.Rest = append(f.Rest, "The project’s checks failed. A developer can see why.")
	}
	return f
}

// fieldOf returns the field that a problem refers to.
func fieldOf(place string, fields []string) string {
	for _, field := range fields {
		if place == field || strings.HasSuffix(place, "."+field) || place == "preset "+field {
			return field
		}
	}
	return ""
}

// Of returns the error of a field; empty without one. f may be nil.
func (f *formErrors) Of(field string) string {
	if f == nil {
		return ""
	}
	return f.fields[field]
}

// Fix is a field that needs another value.
type Fix struct{ ID, Name, Message string }

// Fixes lists the fields that need another value. f may be nil.
func (f *formErrors) Fixes() []Fix {
	var all []Fix
	if f == nil {
		return nil
	}
	for _, field := range slices.Sorted(maps.Keys(f.fields)) {
		all = append(all, Fix{cmp.Or(f.ids[field], field), cmp.Or(f.titles[field], field), f.fields[field]})
	}
	return all
}

// WithFields returns a copy that lists the errors of fields too, for a place that
// does not show the fields.
func (f *formErrors) WithFields() *formErrors {
	all := *f
	all.Rest, all.fields = nil, nil
	for _, field := range slices.Sorted(maps.Keys(f.fields)) {
		all.Rest = append(all.Rest, field+": "+f.fields[field])
	}
	all.Rest = append(all.Rest, f.Rest...)
	return &all
}

// name sets the id and the title of a field.
func (f *formErrors) name(field, id, title string) {
	if f.ids == nil {
		f.ids, f.titles = map[string]string{}, map[string]string{}
	}
	f.ids[field], f.titles[field] = id, title
}

// annotate sets the errors of the settings.
func (f *formErrors) annotate(groups []settingGroup) {
	focused := false
	for i := range groups {
		for j := range groups[i].Settings {
			s := &groups[i].Settings[j]
			s.Error = f.Of(s.Name)
			s.Focus, focused = s.Error != "" && !focused, focused || s.Error != ""
			f.name(s.Name, s.ID(), s.Title)
		}
	}
}
