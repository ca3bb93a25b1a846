package main

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"octopod/generator/staging"
)

// noValue is the placeholder for a value that is unknown or does not exist.
const noValue = "–"

// statusCell returns the status of a staging with its colour. Without Argo CD, it
// uses the state in the record.
func statusCell(v staging.View) cell {
	word := string(v.Status.Phase)
	if word == "" {
		word = map[staging.State]string{staging.Archived: "Archived", staging.Deleting: "Deleting"}[v.Spec.State]
	}
	colour := phaseStyle(staging.Phase(word))
	if v.Spec.Pinned != nil {
		word, colour = strings.TrimPrefix(word+",Pinned", ","), cmp.Or(colour, yellow)
	}
	return cell{cmp.Or(word, noValue), colour}
}

func phaseStyle(p staging.Phase) style {
	return map[staging.Phase]style{
		staging.PhaseRunning: green, staging.PhaseCreating: cyan, staging.PhaseUpdating: cyan,
		staging.PhaseDegraded: red, staging.PhaseFailed: red, staging.PhaseInvalid: red, staging.PhaseUnknown: yellow,
		staging.PhaseArchived: dim, staging.PhaseArchiving: dim, staging.PhaseDeleting: dim,
	}[p]
}

// builtServices lists the services with a build of the branch: backend:1f2e3d4.
func builtServices(v staging.View) string {
	var words []string
	for _, name := range sortedKeys(v.Spec.Services) {
		if s := v.Spec.Services[name]; s.From != staging.FromDefault {
			words = append(words, name+":"+cmp.Or(shortRevision(s.Commit), staging.ImageTag(s.Image)))
		}
	}
	return cmp.Or(strings.Join(words, ","), noValue)
}

func images(v staging.View) string {
	var words []string
	for _, name := range sortedKeys(v.Spec.Services) {
		words = append(words, name+"="+v.Spec.Services[name].Image)
	}
	return cmp.Or(strings.Join(words, ","), noValue)
}

func overrides(v staging.View) string {
	words := append([]string{}, v.Spec.Presets...)
	for _, values := range []staging.Values{v.Spec.Overrides.App, v.Spec.Overrides.Deployment} {
		for _, name := range sortedKeys(values) {
			words = append(words, setting(name, values[name]))
		}
	}
	return cmp.Or(strings.Join(words, ","), noValue)
}

// setting formats an override as an argument of `octopod set`.
func setting(name string, value any) string {
	if value == nil {
		return name + "-"
	}
	return name + "=" + staging.RedactValue(name, staging.FormatValue(value))
}

// elapsed returns a duration in its largest useful unit: 12s, 5m, 3h, 4d.
func elapsed(now, then time.Time) string {
	if then.IsZero() {
		return noValue
	}
	const day = 24 * time.Hour
	d := max(0, now.Sub(then))
	for _, unit := range []struct {
		span time.Duration
		sign string
	}{{day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= 2*unit.span {
			return strconv.Itoa(int(d/unit.span)) + unit.sign
		}
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

// formatTime returns the age of a time on a terminal, and RFC 3339 elsewhere.
func (c *cli) formatTime(t time.Time) string {
	if c.stdout.terminal {
		return elapsed(c.now(), t) + " ago"
	}
	return t.UTC().Format(time.RFC3339)
}
