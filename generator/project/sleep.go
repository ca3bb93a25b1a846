package project

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Sleep is the schedule on which the sweep archives and restores all stagings, as cron
// lines of five fields. A staging that is deployed or restored in between stays active
// until the next time.
type Sleep struct {
	// Cron line of the archiving, for example "0 20 * * 1-5".
	At string `yaml:"at" json:"at"`
	// Cron line of the restoring, for example "0 7 * * 1-5": a staging archived on Friday stays
	// archived until Monday.
	Wake string `yaml:"wake" json:"wake"`
	// Time zone of both cron lines, for example Europe/Berlin. Default UTC.
	TimeZone string `yaml:"timeZone,omitempty" json:"timeZone,omitempty"`
}

// check validates the schedule. The time zone must be in the time zone database of the
// machine or of the program.
func (s Sleep) check() error {
	if s == (Sleep{}) {
		return nil
	}
	for _, line := range []string{s.At, s.Wake} {
		if len(strings.Fields(line)) != 5 || !gronx.IsValid(line) {
			return fmt.Errorf("%q is not a cron line: write at and wake like 0 20 * * 1-5 (minute, hour, day, month, weekday)", line)
		}
		if _, err := gronx.NextTickAfter(line, time.Unix(0, 0).UTC(), false); err != nil {
			return fmt.Errorf("%q never happens", line)
		}
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil {
		return fmt.Errorf("%q is not a time zone: write one like Europe/Berlin", s.TimeZone)
	}
	return nil
}

// neverBegins reports whether a valid schedule never archives a staging: at every time
// of at, it is time to wake, too. A few times of at are enough, because most schedules repeat
// within a week, and a wrong answer needs a rare one.
func (s Sleep) neverBegins() bool {
	if s == (Sleep{}) {
		return false
	}
	const times = 50
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second)
	for range times {
		next, err := gronx.NextTickAfter(s.At, begin, false)
		if err != nil {
			break
		}
		woke, err := gronx.PrevTickBefore(s.Wake, next, true)
		if err != nil || next.After(woke) {
			return false
		}
		begin = next
	}
	return true
}

// night is a scheduled time of sleep that has begun and has not ended.
type night struct{ began, ends time.Time }

// night returns the present night, if there is one.
func (s Sleep) night(now time.Time) (night, bool) {
	zone, err := time.LoadLocation(cmp.Or(s.TimeZone, "UTC"))
	if err != nil || s.At == "" {
		return night{}, false
	}
	now = now.In(zone)
	began, errBegan := gronx.PrevTickBefore(s.At, now, true)
	woke, errWoke := gronx.PrevTickBefore(s.Wake, now, true)
	ends, errEnds := gronx.NextTickAfter(s.Wake, now, false)
	if errBegan != nil || errWoke != nil || errEnds != nil || !began.After(woke) {
		return night{}, false
	}
	return night{began.Truncate(time.Minute).UTC(), ends.UTC()}, true
}
