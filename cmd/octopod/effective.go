package main

import (
	"net/url"
	"strings"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Where the value of a setting comes from.
const (
	originDefault  = "default"
	originPreset   = "preset"
	originOverride = "override"
)

// effective is a setting as the staging has it.
type effective struct {
	Name   string        `json:"name"`
	Value  any           `json:"value"` // null: absent, or left to the template
	Origin string        `json:"origin"`
	Scope  project.Scope `json:"scope"`
	Help   string        `json:"help,omitempty"`

	Kind      string `json:"-"` // default, preset or override
	reference bool
}

func (e effective) text() string {
	switch {
	case e.Value == nil && e.Kind == originDefault:
		return none
	case e.Value == nil:
		return "(absent)"
	case e.Value == "":
		return `""`
	}
	if e.reference {
		return staging.Text(e.Value) // it names a secret and is none
	}
	return discreet(e.Name, staging.Text(e.Value))
}

// effectiveSettings layers default, presets in order, and overrides.
func effectiveSettings(p *project.Project, s staging.Staging) []effective {
	settings := []effective{}
	for _, name := range p.ParameterNames() {
		parameter := p.Spec.Parameters[name]
		e := effective{Name: name, Value: parameter.Default, Origin: originDefault, Kind: originDefault,
			Scope: parameter.Scope, Help: parameter.Help, reference: parameter.Type == project.TypeSecret}
		for _, preset := range s.Spec.Presets {
			e.layer(p.Spec.Presets[preset].Overrides, originPreset, "preset "+preset)
		}
		e.layer(s.Spec.Overrides, originOverride, originOverride)
		settings = append(settings, e)
	}
	return settings
}

func (e *effective) layer(o staging.Overrides, kind, origin string) {
	for _, values := range []staging.Values{o.App, o.Deployment} {
		if value, ok := values[e.Name]; ok {
			e.Value, e.Kind, e.Origin = value, kind, origin
		}
	}
}

// linksOf fills the project's links in for one staging.
func linksOf(p *project.Project, v staging.View) []project.Link {
	fill := []string{
		"{project}", p.Metadata.Name, "{name}", v.Metadata.Name, "{namespace}", p.Namespace(v.Metadata.Name),
		"{branch}", url.QueryEscape(v.Spec.Branch),
	}
	for _, service := range p.ServiceNames() {
		fill = append(fill, "{host."+service+"}", p.Host(service, v.Metadata.Name))
	}
	links := []project.Link{}
	for _, l := range p.Spec.Links {
		l.URL = strings.NewReplacer(fill...).Replace(l.URL)
		links = append(links, l)
	}
	return links
}
