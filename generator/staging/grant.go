package staging

import (
	"strings"
	"time"
)

// Grant allows a staging one value that needs care, such as production payments: who
// chose it, why, and until when. A setting has such a value only with a grant.
type Grant struct {
	// Value that is allowed, as text.
	Value string `yaml:"value" json:"value"`
	// Author of the grant.
	By string `yaml:"by" json:"by"`
	// Reason of the grant, if the author gave one.
	Reason string `yaml:"reason,omitempty" json:"reason,omitempty"`
	// Time of the grant.
	At time.Time `yaml:"at" json:"at"`
	// Time at which the sweep takes the value back. Absent: never.
	Until *time.Time `yaml:"until,omitempty" json:"until,omitempty"`
}

// Ended reports whether the term of the grant is over.
func (g Grant) Ended(at time.Time) bool { return g.Until != nil && !at.Before(*g.Until) }

// String returns end and reason of the grant: until 2026-11-30 18:00 UTC: refund test.
func (g Grant) String() string {
	var end string
	if g.Until != nil {
		end = "until " + g.Until.UTC().Format("2006-01-02 15:04 UTC")
	}
	return strings.Trim(end+": "+g.Reason, ": ")
}
