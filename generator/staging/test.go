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
	// Author of the result.
	By string `yaml:"by" json:"by"`
	// Time of the result.
	At time.Time `yaml:"at" json:"at"`
	// Result: tested (it works) or broken.
	Outcome Outcome `yaml:"outcome" json:"outcome"`
	// Note of the author.
	Note string `yaml:"note,omitempty" json:"note,omitempty"`
	// Tested versions, by the name of the service.
	Services map[string]Version `yaml:"services,omitempty" json:"services,omitempty"`
	// Checksum of the tested settings. Without it, the result belongs to the versions only.
	Settings string `yaml:"settings,omitempty" json:"settings,omitempty"`
}

// Version tells two builds of a service apart.
type Version struct {
	// Full image reference.
	Image string `yaml:"image" json:"image"`
	// Commit of the image, if it is known.
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

// TestedPart is a side of a staging that a mark is about.
type TestedPart string

// The aspects.
const (
	TestedVersions TestedPart = "versions" // of its services
	TestedSettings TestedPart = "settings"
)

// Untested lists the sides of a staging that are not as they were when it was
// tried. settings is the sum of those that it has now.
func (t *Test) Untested(s Spec, settings string) []TestedPart {
	var untried []TestedPart
	if !maps.Equal(t.Services, s.Versions()) {
		untried = append(untried, TestedVersions)
	}
	if t.Settings != "" && t.Settings != settings {
		untried = append(untried, TestedSettings)
	}
	return untried
}

// SameResult tells whether two marks say the same of the same, whenever that was.
func (t *Test) SameResult(o *Test) bool {
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

// TestState is what a mark is worth for a staging as it is now.
type TestState string

// The standings. The empty one is that of a staging without a mark.
const (
	TestStateTested   TestState = "tested"
	TestStateBroken   TestState = "broken"
	TestStateOutdated TestState = "outdated" // the mark is about other versions or settings
)
