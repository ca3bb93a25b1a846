package main

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"octopod/generator/staging"
)

// noValue stands for what is not known or not there.
const noValue = "–"

// statusCell is the word for how a staging is, and its colour. What a person set
// it to shows before any cluster is connected.
func statusCell(v staging.View) cell {
	word := string(v.Status.Phase)
	if word == "" {
		word = map[staging.State]string{staging.Archived: "Archived", staging.Deleting: "Deleting"}[v.Spec.State]
	}
	look := phaseStyle(staging.Phase(word))
	if v.Spec.Pinned != nil {
		word, look = strings.TrimPrefix(word+",Pinned", ","), cmp.Or(look, yellow)
	}
	return cell{cmp.Or(word, noValue), look}
}

func phaseStyle(p staging.Phase) style {
	return map[staging.Phase]style{
		staging.PhaseRunning: green, staging.PhaseCreating: cyan, staging.PhaseUpdating: cyan,
		staging.PhaseDegraded: red, staging.PhaseFailed: red, staging.PhaseInvalid: red, staging.PhaseUnknown: yellow,
		staging.PhaseArchived: dim, staging.PhaseArchiving: dim, staging.PhaseDeleting: dim,
	}[p]
}

// builtServices lists the services that run the branch's own build: backend:1f2e3d4.
func builtServices(v staging.View) string {
	var words []string
	for _, name := range sortedKeys(v.Spec.Services) {
		if s := v.Spec.Services[name]; s.From != staging.FromDefault {
			words = append(words, name+":"+cmp.Or(short(s.Commit), staging.ImageTag(s.Image)))
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

// setting writes an override the way `octopod set` reads it.
func setting(name string, value any) string {
	if value == nil {
		return name + "-"
	}
	return name + "=" + staging.RedactValue(name, staging.FormatValue(value))
}

// elapsed is a span in the fewest characters that still say something: 12s, 5m, 3h, 4d.
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

// formatTime is a moment: how long ago on a terminal, the moment itself for programs.
func (c *cli) formatTime(t time.Time) string {
	if c.stdout.terminal {
		return elapsed(c.now(), t) + " ago"
	}
	return t.UTC().Format(time.RFC3339)
}
