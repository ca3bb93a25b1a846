package check

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Subject is the staging that the objects belong to.
type Subject struct {
	// Namespace that every object must be in.
	Namespace string
	// Hosts of the staging itself; any other is somebody else's.
	Hosts []string
	// BaseDomain of all stagings: TLS hosts may be its wildcard.
	BaseDomain string
	// Images that must run, by service. A service without an image is skipped.
	Images map[string]string
	// Allow is the project's list of exceptions.
	Allow []project.Allow
	// State of the staging: while it is deleted its images need not be used.
	State staging.State
}

// Objects checks the rendered objects of one staging against every rule and
// gives all faults: object by object in the order given, rule by rule, then
// what only the whole set shows. Empty means all is well.
func Objects(objects []staging.Object, s Subject) []staging.Problem {
	r := report{subject: s}
	set := make([]*object, len(objects))
	for i, o := range objects {
		set[i] = decode(o)
		for _, rule := range rules {
			if rule.each != nil && (rule.Name == wellFormed || set[i].real()) {
				rule.each(check{&r, set[i], rule.Name})
			}
		}
	}
	for _, rule := range rules {
		if rule.whole != nil {
			rule.whole(check{&r, &object{}, rule.Name}, set)
		}
	}
	return r.problems
}

// report collects the faults of one staging.
type report struct {
	subject  Subject
	problems []staging.Problem
}

// check is one rule looking at one object.
type check struct {
	*report
	o    *object
	rule string
}

// bad reports a fault at a field; a nil path means the object as a whole.
func (c check) bad(path *field.Path, format string, args ...any) {
	at := ""
	if path != nil {
		at = path.String()
	}
	c.badAt(at, format, args...)
}

func (c check) badAt(at, format string, args ...any) {
	if c.allowed(c.o.Kind, c.o.Name) {
		return
	}
	p := staging.Problem{Rule: c.rule, Field: at, Message: fmt.Sprintf(format, args...)}
	if c.o.Kind != "" || c.o.Name != "" {
		p.Object = c.o.String()
	}
	c.problems = append(c.problems, p)
}

// allowed tells whether the project excepts an object from the rule.
func (c check) allowed(kind, name string) bool {
	return slices.ContainsFunc(c.subject.Allow, func(a project.Allow) bool {
		return a.Covers(c.rule, kind, name)
	})
}

// words joins words for a sentence: a, b, c.
func words[S ~string](list []S) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

// sorted gives the keys of a map in order, so that reports are stable.
func sorted[V any](m map[string]V) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
