package rights

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Visibility removes from a staging whatever octopod.yaml hides from a role, and masks
// secrets for every role. The zero value shows nothing.
type Visibility struct {
	Project *project.Project
	Role    project.Role
	All     bool // the actor has no Rights: nothing is hidden
}

// NewVisibility returns what the holder of rights may see; without rights, everything.
func NewVisibility(p *project.Project, r Rights) Visibility {
	if r == nil {
		return Visibility{Project: p, Role: project.RoleAdmin, All: true}
	}
	return Visibility{Project: p, Role: r.Role(p)}
}

// Redacted returns a copy of a view with everything removed that the role may not see.
// The given view is not modified.
func Redacted(p *project.Project, role project.Role, known *staging.View) *staging.View {
	return Visibility{Project: p, Role: role}.Redact(known)
}

// Shows reports whether the role may see a part; every role sees what has no part.
func (v Visibility) Shows(part project.Section) bool {
	return v.All || part == "" || v.Project != nil && v.Project.Spec.UI.Shows(part, v.Role)
}

// Require refuses a part that the role may not see.
func (v Visibility) Require(part project.Section) error {
	if v.All {
		return nil
	}
	return RequireVisible(v.Project, v.Role, part)
}

// RedactProject returns octopod.yaml for this role. Names and addresses of services are
// visible to all.
func (v Visibility) RedactProject() *project.Project {
	p := *v.Project
	if !v.Shows(project.SectionServices) {
		p.Spec.Services = map[string]project.Service{}
		for name, s := range v.Project.Spec.Services {
			p.Spec.Services[name] = project.Service{Title: s.Title, Host: s.Host, Path: s.Path}
		}
	}
	p.Spec.Parameters, p.Spec.Presets = map[string]project.Parameter{}, map[string]project.Preset{}
	if v.Shows(project.SectionSettings) {
		for name, parameter := range v.Project.Spec.Parameters {
			if values := v.redactValues(staging.Values{name: parameter.Default}); parameter.Default != nil {
				parameter.Default = values[name]
			}
			p.Spec.Parameters[name] = parameter
		}
		for name, preset := range v.Project.Spec.Presets {
			preset.Overrides = v.redactOverrides(preset.Overrides)
			p.Spec.Presets[name] = preset
		}
	}
	p.Spec.Links = slices.DeleteFunc(slices.Clone(p.Spec.Links), func(l project.Link) bool {
		return !v.Shows(project.SectionLinks) || !v.Role.Includes(l.Role)
	})
	if !v.Role.Includes(project.RoleAdmin) {
		p.Spec.Access = project.Access{}
	}
	if !v.Shows(project.SectionCost) {
		p.Spec.Cost = project.Cost{}
	}
	return &p
}

// hideDetail removes the words of Argo CD and Kubernetes.
func hideDetail(s *staging.Status) {
	s.Detail, s.Reason.Cause = "", ""
	if s.LastKnown != nil {
		last := *s.LastKnown
		last.Reason.Cause = ""
		s.LastKnown = &last
	}
}

// Redact returns a copy of a view with everything removed that the role may not see, with
// the version of what is left. The given view is not modified.
func (v Visibility) Redact(known *staging.View) *staging.View {
	view := v.RedactListed(known)
	if of := view.Document; view.Version == "" {
		if v.All {
			of = known.Document
		}
		view.Version = Version(of.Staging()) // a hash of hidden fields would confirm a guess at them
	}
	return view
}

// RedactListed is Redact for a list, in which nothing needs the version: to compute it takes
// most of the time.
func (v Visibility) RedactListed(known *staging.View) *staging.View {
	view := *known
	view.Document = view.Shortened()
	s := &view.Spec
	for _, hide := range []struct {
		part project.Section
		do   func()
	}{
		{project.SectionDetail, func() { hideDetail(&view.Status) }},
		{project.SectionFiles, func() { view.Status.Pending, view.Status.EditedByHand = nil, false }},
		{project.SectionServices, func() { s.Services, view.Status.Services, s.Tested = nil, nil, withoutVersions(s.Tested) }},
		{project.SectionSettings, func() { s.Overrides, s.Presets = staging.Overrides{}, nil }},
		{project.SectionBranch, func() { s.Branch, s.PullRequest = "", nil }},
		{project.SectionCreated, func() { s.Created.At = time.Time{} }},
		{project.SectionExpires, func() { s.Expires = nil }},
		{project.SectionChanged, func() { view.Status.Changed, view.Status.Timings.Committed = nil, nil }},
		{project.SectionAuthor, func() { hideAuthor(s) }},
	} {
		if !v.Shows(hide.part) {
			hide.do()
		}
	}
	s.Tested = withoutSettings(s.Tested)
	s.Overrides = v.redactOverrides(s.Overrides)
	return &view
}

// Version returns the version of a record as this role sees it.
func (v Visibility) Version(record staging.Staging) string {
	return v.Redact(&staging.View{Document: record.Document()}).Version
}

func hideAuthor(s *staging.Spec) {
	s.Created.By = ""
	s.PullRequest = with(s.PullRequest, func(r *staging.PullRequest) { r.Author = "" })
	s.Pinned = with(s.Pinned, func(p *staging.Pin) { p.By = "" })
	s.Kept = with(s.Kept, func(k *staging.Protection) { k.By = "" })
	s.Granted = anonymous(s.Granted)
	s.Since = with(s.Since, func(t *staging.Transition) { t.By = "" })
	s.Tested = with(s.Tested, func(t *staging.Test) { t.By = "" })
}

// anonymous returns a copy of grants without their authors.
func anonymous(grants map[string]staging.Grant) map[string]staging.Grant {
	grants = maps.Clone(grants)
	for name, g := range grants {
		g.By = ""
		grants[name] = g
	}
	return grants
}

// with returns a changed copy. The original is shared and is not modified.
func with[T any](original *T, change func(*T)) *T {
	if original == nil {
		return nil
	}
	changed := *original
	change(&changed)
	return &changed
}

func withoutVersions(t *staging.Test) *staging.Test {
	return with(t, func(t *staging.Test) { t.Services = nil })
}

// withoutSettings removes the hash of the settings, from which hidden values could be
// guessed. The status already holds its result.
func withoutSettings(t *staging.Test) *staging.Test {
	return with(t, func(t *staging.Test) { t.Settings = "" })
}

func (v Visibility) redactOverrides(o staging.Overrides) staging.Overrides {
	return staging.Overrides{App: v.redactValues(o.App), Deployment: v.redactValues(o.Deployment)}
}

// Masks reports whether the values of a setting are hidden from every role because of
// its name.
func (v Visibility) Masks(name string) bool {
	kind := v.Project.Spec.Parameters[name].Type
	return staging.IsSecretName(name) && slices.Contains([]project.Type{"", project.TypeString, project.TypeEnum, project.TypeList}, kind)
}

// redactValues masks values that look or sound like secrets. A reference names a secret
// and is not one.
func (v Visibility) redactValues(values staging.Values) staging.Values {
	masked := staging.Values{}
	for name, value := range values {
		text, isText := value.(string)
		if !isText || v.Project.Spec.Parameters[name].Type == project.TypeSecret {
			continue
		}
		if discreet := staging.RedactValue(name, text); discreet != text {
			masked[name] = discreet
		}
	}
	if len(masked) == 0 {
		return values
	}
	shown := maps.Clone(values)
	maps.Copy(shown, masked)
	return shown
}

// RedactDifferences removes the differences that the role may not see.
func (v Visibility) RedactDifferences(all []staging.Difference) []staging.Difference {
	return slices.DeleteFunc(slices.Clone(all), func(d staging.Difference) bool { return !v.Shows(v.partOf(d.What)) })
}

// RedactEvents removes from commits what the role may not see. A subject names
// settings, images and reasons, so only a role that sees all of them gets it.
func (v Visibility) RedactEvents(events []staging.Event) []staging.Event {
	for i := range events {
		if !v.Shows(project.SectionSettings) || !v.Shows(project.SectionServices) {
			events[i].Subject = strings.TrimSpace(string(events[i].Verb) + " " + events[i].Staging)
		}
		if !v.Shows(project.SectionAuthor) {
			events[i].By = staging.Person{}
		}
	}
	return events
}

// partOf is where a difference is shown.
func (v Visibility) partOf(what string) project.Section {
	_, isService := v.Project.Spec.Services[what]
	_, isSetting := v.Project.Spec.Parameters[what]
	switch {
	case isService || what == "tested":
		return project.SectionServices
	case isSetting || what == "presets":
		return project.SectionSettings
	case what == "branch":
		return project.SectionBranch
	}
	return ""
}

// errInternal replaces errors that have no message for users.
var errInternal = errors.New("something went wrong; see the log of the server")

// RedactError returns an error for this role. A role without technical details gets
// Octopod's own messages, never those of git, Argo CD or the system.
func (v Visibility) RedactError(err error) error {
	err = v.redactBranch(err)
	if err == nil || v.Shows(project.SectionDetail) {
		return err
	}
	var over error // a wait that ended
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			over = end
		}
	}
	var known *staging.Error
	switch {
	case errors.As(err, &known):
		plain := *known
		plain.Err = over
		return &plain
	case over != nil:
		return over
	}
	return errInternal
}

// redactBranch removes the name of a branch that the role may not see.
func (v Visibility) redactBranch(err error) error {
	var known *staging.Error
	if v.Shows(project.SectionBranch) || !errors.As(err, &known) || known.Branch == "" {
		return err
	}
	plain := *known
	plain.Branch, plain.Message = "", strings.ReplaceAll(known.Message, "branch "+known.Branch, "another branch")
	return &plain
}
