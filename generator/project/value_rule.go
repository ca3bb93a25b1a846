package project

import (
	"time"

	"octopod/generator/staging"
)

// ReasonRule defines if a choice requires a reason.
type ReasonRule string

// The rules.
const (
	ReasonOptional ReasonRule = "optional"
	ReasonRequired ReasonRule = "required"
)

// ValueRule is what one value of a parameter requires, such as production payments. A
// staging has the value only with a grant, which its record keeps.
type ValueRule struct {
	// Role required to choose the value. Default the role of the parameter.
	Role Role `yaml:"role,omitempty" json:"role,omitempty" jsonschema:"enum=user,enum=admin"`
	// required: the choice needs a reason. Default optional.
	Reason ReasonRule `yaml:"reason,omitempty" json:"reason,omitempty" jsonschema:"enum=optional,enum=required"`
	// Maximum time that a staging keeps the value, for example 4h; then the sweep takes it back. Absent: no end.
	Term Duration `yaml:"term,omitempty" json:"term,omitempty"`
	// Text of the badge of a staging with the value, such as Real payments. Default the title of the parameter and the value.
	Badge string `yaml:"badge,omitempty" json:"badge,omitempty"`
	// Warning for the person who chooses the value, in one sentence, such as Money moves.
	Warning string `yaml:"warning,omitempty" json:"warning,omitempty"`
}

// end returns when a grant ends: at its own end, or earlier if octopod.yaml allows less
// time today. nil is never.
func (r ValueRule) end(g staging.Grant) *time.Time {
	if r.Term == 0 {
		return g.Until
	}
	end := g.At.Add(time.Duration(r.Term))
	if g.Until != nil && g.Until.Before(end) {
		end = *g.Until
	}
	return &end
}
