package staging

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Outcome is the result of a test of a staging.
type Outcome string

// The outcomes. Untested removes the mark.
const (
	Tested   Outcome = "tested" // it works
	Broken   Outcome = "broken"
	Untested Outcome = "none"
)

// Test is a mark: the result of a test, and what was tested. It is valid for these
// versions and settings only.
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

// Version identifies one build of a service.
type Version struct {
	// Full image reference.
	Image string `yaml:"image" json:"image"`
	// Commit of the image, if it is known.
	Commit string `yaml:"commit,omitempty" json:"commit,omitempty"`
}

// Versions returns the versions of all services.
func (s Spec) Versions() map[string]Version {
	versions := make(map[string]Version, len(s.Services))
	for name, service := range s.Services {
		versions[name] = Version{service.Image, service.Commit}
	}
	return versions
}

// TestedPart is a part of a staging that a mark covers.
type TestedPart string

// The parts.
const (
	TestedVersions TestedPart = "versions" // of the services
	TestedSettings TestedPart = "settings"
)

// Untested lists the parts of a staging that have changed since the test. settings
// is the checksum of its present settings, content the hash of its present files; "" if
// it is unknown.
func (t *Test) Untested(s Spec, settings, content string) []TestedPart {
	var changed []TestedPart
	if !maps.Equal(t.Services, s.Versions()) {
		changed = append(changed, TestedVersions)
	}
	tested, files, _ := strings.Cut(t.Settings, "/")
	if tested != "" && tested != settings && (files == "" || files != content) {
		changed = append(changed, TestedSettings)
	}
	return changed
}

// IsOfFiles reports whether the mark was made while a changed default was pending. Then "/"
// and the hash of the tested files follow the checksum of the settings, and the mark counts
// for these files, whatever octopod.yaml says now.
func (t *Test) IsOfFiles() bool { return t != nil && strings.Contains(t.Settings, "/") }

// SameResult reports whether two marks differ in nothing but their time.
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

// TestState is the test result of a staging at its present versions and settings.
type TestState string

// The test states. A staging without a mark has the empty one.
const (
	TestStateTested   TestState = "tested"
	TestStateBroken   TestState = "broken"
	TestStateOutdated TestState = "outdated" // versions or settings have changed since the test
)
