package web

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"octopod/generator/staging"
)

// form is what a confirmation asks: a reason, and until when.
type form struct {
	Reason, Date string
	Error        string // about the date or the reason
}

func formOfValues(values url.Values) form {
	return form{Reason: strings.TrimSpace(values.Get("reason")), Date: values.Get("until")}
}

// untilOf returns the time until which a staging is kept or archived; nil without one.
// A day begins and ends where the viewer is: the script sends the minutes to UTC.
func untilOf(values url.Values, verb staging.Verb, now time.Time) (*time.Time, error) {
	typed := values.Get("until")
	if typed == "" || verb != staging.Keep && verb != staging.Archive {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, typed)
	if err != nil {
		return nil, staging.Errorf(staging.CodeInvalid, "%.40q is not a date: write it as 2026-12-31", typed)
	}
	const dayMinutes = 24 * 60
	offset, _ := strconv.Atoi(values.Get("offset")) // as in JavaScript: -60 for Berlin in winter
	until := day.Add(time.Duration(min(max(offset, -dayMinutes), dayMinutes)) * time.Minute)
	if verb == staging.Keep { // the day itself is kept, too
		until = until.Add(dayMinutes * time.Minute)
	}
	if !until.After(now) {
		return nil, staging.Errorf(staging.CodeInvalid, "%s is in the past", typed)
	}
	return &until, nil
}
