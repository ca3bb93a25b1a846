package project

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration with a unit for days: 14d, 36h, 90m.
type Duration time.Duration

// UnmarshalText parses 14d, 36h or 90m.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n > 0 && n < 36500 {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil || v <= 0 {
		return fmt.Errorf("%q is not a duration: write 14d, 36h or 90m", s)
	}
	*d = Duration(v)
	return nil
}

// MarshalText formats whole days as 14d and any other duration like Go.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String formats the duration for UnmarshalText.
func (d Duration) String() string {
	v := time.Duration(d)
	if day := 24 * time.Hour; v > 0 && v%day == 0 {
		return strconv.Itoa(int(v/day)) + "d"
	}
	s := v.String() // 36h0m0s
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
