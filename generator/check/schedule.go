package check

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// cronFields are the five fields of a schedule with their ranges; months and days
// also have names.
var cronFields = []struct {
	name        string
	least, most int
	words       []string
}{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// scheduleFault returns what is wrong with a CronJob's schedule; "" for a valid one.
func scheduleFault(schedule string) string {
	if macro, ok := strings.CutPrefix(schedule, "@"); ok {
		if every, ok := strings.CutPrefix(macro, "every "); ok {
			if _, err := time.ParseDuration(every); err == nil {
				return ""
			}
		}
		if slices.Contains([]string{"yearly", "annually", "monthly", "weekly", "daily", "midnight", "hourly"}, macro) {
			return ""
		}
		return "is not a schedule: write five fields, or @hourly, @daily, @weekly, @monthly or @yearly"
	}
	if strings.Contains(schedule, "TZ=") {
		return "contains a time zone: use spec.timeZone"
	}
	fields := strings.Fields(schedule)
	if len(fields) != len(cronFields) {
		return "has " + strconv.Itoa(len(fields)) + " fields, must have five: minute, hour, day of month, month, day of week"
	}
	for i, field := range fields {
		for _, part := range strings.Split(field, ",") {
			if !cronPart(part, i) {
				return "has " + part + " as " + cronFields[i].name + ", which is not valid"
			}
		}
	}
	return ""
}

// cronPart accepts *, ?, 5, 1-5, */5, 1-30/5 and 5/10.
func cronPart(part string, field int) bool {
	span, step, stepped := strings.Cut(part, "/")
	if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1) {
		return false
	}
	if span == "*" || span == "?" {
		return true
	}
	from, to, isSpan := strings.Cut(span, "-")
	least, ok := cronValue(from, field)
	if !ok || !isSpan {
		return ok
	}
	most, ok := cronValue(to, field)
	return ok && least <= most
}

func cronValue(s string, field int) (int, bool) {
	f := cronFields[field]
	if i := slices.Index(f.words, strings.ToLower(s)); i >= 0 {
		return f.least + i, true
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= f.least && n <= f.most
}
