package project

// Rule is an exception for the stagings that match all of its lists.
type Rule struct {
	// Branches of the stagings; * matches any text: release/*. Absent: all.
	Branches []string `yaml:"branches,omitempty" json:"branches,omitempty"`
	// Authors of the stagings: the author of the pull request, or else the creator; * matches any text.
	// Absent: all.
	Authors []string `yaml:"authors,omitempty" json:"authors,omitempty"`
	// Teams of spec.cost.teams that own the stagings. Absent: all.
	Teams []string `yaml:"teams,omitempty" json:"teams,omitempty"`
	// Time to live, in place of that of spec.lifecycle. It applies from the next deploy.
	TTL Duration `yaml:"ttl,omitempty" json:"ttl,omitempty"`
	// Schedule of sleep, in place of that of spec.lifecycle.
	Sleep Sleep `yaml:"sleep,omitempty" json:"sleep,omitzero"`
	// Whether the stagings sleep on no schedule.
	Awake bool `yaml:"awake,omitempty" json:"awake,omitempty"`
	// Presets that a new staging gets. Somebody may take them off.
	Presets []string `yaml:"presets,omitempty" json:"presets,omitempty"`
}

func (r Rule) hasSleep() bool { return r.Awake || r.Sleep != (Sleep{}) }
