package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"octopod/generator/staging"
)

// valueFlags are the flags for settings of deploy, create and update. octopod.yaml
// defines the scope of a setting, app or deployment, so the four flags of Octopod 1
// are aliases of two.
type valueFlags struct {
	set     []string
	unset   []string
	presets []string
}

func (o *valueFlags) addFlags(c *cli, cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVar(&o.set, "set", nil, "change a setting, as `KEY=VALUE`, repeatable; KEY- removes the project's default")
	f.StringArrayVar(&o.unset, "unset", nil, "reset `KEY` to the project's default, repeatable")
	f.StringArrayVar(&o.presets, "preset", nil, "add a `preset` to the staging, repeatable")
	for _, alias := range []struct {
		to              *[]string
		name, shorthand string
	}{
		{&o.set, "set-app-config", "e"}, {&o.unset, "unset-app-env-override", "E"},
		{&o.set, "set-deployment-config", ""}, {&o.unset, "unset-deployment-override", ""},
	} {
		f.VarP(appendFlag{alias.to}, alias.name, alias.shorthand, "as in Octopod 1")
		f.Lookup(alias.name).Hidden = true
	}
	c.completeFlag(cmd, "set", completeValues)
	c.completeFlag(cmd, "set-app-config", completeValues)
	c.completeFlag(cmd, "set-deployment-config", completeValues)
	c.completeFlag(cmd, "unset", completeParameters)
	c.completeFlag(cmd, "unset-app-env-override", completeParameters)
	c.completeFlag(cmd, "unset-deployment-override", completeParameters)
	c.completeFlag(cmd, "preset", completePresets)
}

// appendFlag is a repeatable flag that shares its list with another flag.
type appendFlag struct{ to *[]string }

func (a appendFlag) String() string { return "" }
func (a appendFlag) Type() string   { return "stringArray" }

func (a appendFlag) Set(value string) error {
	*a.to = append(*a.to, value)
	return nil
}

func (o *valueFlags) fill(a *staging.Action) error {
	a.Presets = o.presets
	if err := readValues(a, o.set); err != nil {
		return err
	}
	return readKeys(a, o.unset)
}

// readValues parses KEY=VALUE and KEY-.
func readValues(a *staging.Action, words []string) error {
	a.Set = map[string]string{}
	given := map[string]string{}
	var problems []staging.Problem
	for _, word := range words {
		key, value, set := strings.Cut(word, "=")
		absent := !set && strings.HasSuffix(key, "-")
		if absent {
			key = strings.TrimSuffix(key, "-")
		}
		earlier, twice := given[key]
		given[key] = word
		switch {
		case key == "", !set && !absent:
			problems = append(problems, staging.Problem{Message: quoteWithoutValue(word) + " is not KEY=VALUE"})
		case twice && earlier != word:
			problems = append(problems, staging.Problem{Field: key, Message: "is given twice"})
		case twice:
		case absent:
			a.Absent = append(a.Absent, key)
		default:
			a.Set[key] = value
		}
	}
	return invalidValues(problems, "write KEY=VALUE to set, KEY= for the empty text, KEY- to remove the project's default")
}

// readKeys parses the KEYs to reset to their defaults.
func readKeys(a *staging.Action, words []string) error {
	var problems []staging.Problem
	for _, key := range words {
		_, set := a.Set[key]
		switch {
		case key == "":
			problems = append(problems, staging.Problem{Message: `"" is not the name of a setting`})
		case strings.Contains(key, "="):
			problems = append(problems, staging.Problem{Message: quoteWithoutValue(key) + " has a value"})
		case set || slices.Contains(a.Absent, key):
			problems = append(problems, staging.Problem{Field: key, Message: "is both set and unset"})
		default:
			a.Unset = append(a.Unset, key)
		}
	}
	return invalidValues(problems, "write only the KEY to reset it to the project's default")
}

// quoteWithoutValue quotes a word. It omits the value after KEY=, which may be a
// secret.
func quoteWithoutValue(word string) string {
	if key, _, ok := strings.Cut(word, "="); ok {
		word = key + "=…"
	}
	return `"` + word + `"`
}

func invalidValues(problems []staging.Problem, hint string) error {
	if len(problems) == 0 {
		return nil
	}
	return &staging.Error{Code: staging.CodeInvalid, Message: "cannot parse the settings", Problems: problems, Hint: hint}
}
