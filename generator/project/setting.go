package project

import (
	"net/url"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// Origin is the layer that defines the value of a setting.
type Origin string

// The layers. Each one overrides the one before.
const (
	OriginTemplate Origin = "template" // no default, no override: the template decides
	OriginDefault  Origin = "default"
	OriginPreset   Origin = "preset"
	OriginOverride Origin = "override"
)

// Setting is the value of a parameter in one staging.
type Setting struct {
	Name   string `json:"name"`
	Value  any    `json:"value"` // string, int or bool; nil if absent or decided by the template
	Origin Origin `json:"origin"`
	Preset string `json:"preset,omitempty"` // the preset with the value, for OriginPreset
	Unused bool   `json:"unused,omitempty"` // it does not apply, because of the values of other settings

	Parameter Parameter `json:"parameter"`
}

// Absent reports whether the setting was removed, including the project's default.
func (s Setting) Absent() bool {
	return s.Value == nil && (s.Origin == OriginPreset || s.Origin == OriginOverride)
}

// Risky reports whether the value is one that octopod.yaml lists as risky, or that needs a
// grant.
func (s Setting) Risky() bool {
	if s.Parameter.Type == TypeList {
		return slices.ContainsFunc(s.Parameter.Items(s.Value), func(item string) bool { return slices.Contains(s.Parameter.Risky, any(item)) })
	}
	_, needsGrant := s.Parameter.Rule(s.Value)
	return needsGrant || s.Value != nil && slices.Contains(s.Parameter.Risky, s.Value)
}

// Settings returns the settings of a staging in alphabetical order. Presets override
// the default, in their order, and the staging's own overrides come last. A value that
// needs a grant counts only with one.
func (p *Project) Settings(s staging.Staging) []Setting {
	settings := make([]Setting, 0, len(p.Spec.Parameters))
	for _, name := range p.ParameterNames() {
		setting := p.setting(s, name)
		setting.Unused = !p.applies(s, setting.Parameter)
		settings = append(settings, setting)
	}
	return settings
}

func (p *Project) setting(s staging.Staging, name string) Setting {
	setting := p.InheritedSetting(s, name)
	if value, ok := valueOf(s.Spec.Overrides, name); ok && p.usable(s, name, value) {
		setting.Value, setting.Origin, setting.Preset = value, OriginOverride, ""
	}
	return setting
}

// InheritedSetting returns a setting without the staging's own override.
func (p *Project) InheritedSetting(s staging.Staging, name string) Setting {
	parameter := p.Spec.Parameters[name]
	setting := Setting{Name: name, Value: p.defaultOf(s, parameter), Origin: OriginDefault, Parameter: parameter}
	if parameter.Default == nil {
		setting.Origin = OriginTemplate
	}
	for _, preset := range s.Spec.Presets {
		if value, ok := valueOf(p.Spec.Presets[preset].Overrides, name); ok && p.usable(s, name, value) {
			setting.Value, setting.Origin, setting.Preset = value, OriginPreset, preset
		}
	}
	return setting
}

func valueOf(o staging.Overrides, name string) (any, bool) {
	if value, ok := o.App[name]; ok {
		return value, true
	}
	value, ok := o.Deployment[name]
	return value, ok
}

// Links returns the project's links with the placeholders replaced for one staging.
func (p *Project) Links(s staging.Staging) []Link {
	ofURL := s
	ofURL.Spec.Branch = url.QueryEscape(s.Spec.Branch)
	replacer := strings.NewReplacer(p.placeholders(ofURL)...)
	links := make([]Link, len(p.Spec.Links))
	for i, link := range p.Spec.Links {
		link.URL = replacer.Replace(link.URL)
		links[i] = link
	}
	return links
}
