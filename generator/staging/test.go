package staging

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Outcome is what somebody found who tried a staging.
type Outcome string

// The outcomes. Untested takes a mark away.
const (
	Tested   Outcome = "tested" // it works
	Broken   Outcome = "broken"
	Untested Outcome = "none"
)

// Test is the mark of somebody who tried a staging. It is bound to what they
// tried: of other versions or settings it says nothing.
type Test struct {
	// Who tried it.
	By string `yaml:"by" json:"by"`
	// When.
	At time.Time `yaml:"at" json:"at"`
	// tested (it works) or broken.
	Outcome Outcome `yaml:"outcome" json:"outcome"`
	// What else they want others to know.
	Note string `yaml:"note,omitempty" json:"note,omitempty"`
	// What they tried, by the service's name.
	Services map[string]Version `yaml:"services,omitempty" json:"services,omitempty"`
	// Sum of the settings they tried. A mark without one is about the versions alone.
	Settings string `yaml:"settings,omitempty" json:"settings,omitempty"`
}

// Version tells two builds of a service apart.
type Version struct {
	// Full image reference.
	Image string `yaml:"image" json:"image"`
	// Commit that the image was built from, where it is known.
	Commit string `yaml:"commit,omitempty" json:"commit,omitempty"`
}

// Versions are what the services of a staging run.
func (s Spec) Versions() map[string]Version {
	versions := make(map[string]Version, len(s.Services))
	for name, service := range s.Services {
		versions[name] = Version{service.Image, service.Commit}
	}
	return versions
}

// Aspect is a side of a staging that a mark is about.
type Aspect string

// The aspects.
const (
	TheVersions Aspect = "versions" // of its services
	TheSettings Aspect = "settings"
)

// Untried lists the sides of a staging that are not as they were when it was
// tried. settings is the sum of those that it has now.
func (t *Test) Untried(s Spec, settings string) []Aspect {
	var untried []Aspect
	if !maps.Equal(t.Services, s.Versions()) {
		untried = append(untried, TheVersions)
	}
	if t.Settings != "" && t.Settings != settings {
		untried = append(untried, TheSettings)
	}
	return untried
}

// Same tells whether two marks say the same of the same, whenever that was.
func (t *Test) Same(o *Test) bool {
	return t != nil && o != nil && t.By == o.By && t.Outcome == o.Outcome && t.Note == o.Note && maps.Equal(t.Services, o.Services) &&
		t.Settings == o.Settings
}

// String reads: broken (backend:1f2e3d4, frontend:main): the button is gone.
func (t *Test) String() string {
	var versions []string
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		versions = append(versions, name+":"+ImageTag(t.Services[name].Image))
	}
	return strings.TrimSuffix(string(t.Outcome)+" ("+strings.Join(versions, ", ")+"): "+t.Note, ": ")
}

// Standing is what a mark is worth for a staging as it is now.
type Standing string

// The standings. The empty one is that of a staging without a mark.
const (
	StandsTested Standing = "tested"
	StandsBroken Standing = "broken"
	Outdated     Standing = "outdated" // the mark is about other versions or settings
)
