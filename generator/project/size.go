package project

// SizeParameter is the name of the parameter that chooses the size of a staging.
const SizeParameter = "size"

// Size is a class of stagings by what they may reserve.
type Size struct {
	// Name of the size: small, or S.
	Name string `yaml:"name" json:"name"`
	// Description in a few words, for the user who chooses.
	Help string `yaml:"help,omitempty" json:"help,omitempty"`
	// ResourceQuota spec.hard of a staging of this size, over that of spec.quota. Containers without
	// requests or limits that it counts get them from a LimitRange.
	Quota map[string]string `yaml:"quota" json:"quota"`
}
