package web

import (
	"slices"
	"strings"
	"time"
)

// badge marks a staging that has a value which needs care, such as production payments.
type badge struct {
	Text, By, Reason string
	Until            *timestamp
	Late             bool // it should have ended; only on the page of the staging
}

// Sentence is the hint of the badge in the list.
func (b badge) Sentence() string {
	var words []string
	if b.Until != nil {
		words = append(words, "until "+b.Until.Human())
	}
	if b.By != "" {
		words = append(words, "by "+b.By)
	}
	return strings.Trim(strings.Join(words, ", ")+": "+b.Reason, ": ")
}

// lateBadges notes which values should have been taken back at a time.
func lateBadges(all []badge, now time.Time) []badge {
	late := slices.Clone(all)
	for i, b := range late {
		late[i].Late = b.Until != nil && !now.Before(b.Until.Time)
	}
	return late
}
