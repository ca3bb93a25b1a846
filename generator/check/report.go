package check

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// report collects the problems of one staging.
type report struct {
	subject  Subject
	problems []staging.Problem
}

// check applies one rule to one object.
type check struct {
	*report
	o    *object
	rule string
}

// reject reports a problem at a field; a nil path means the whole object.
func (c check) reject(path *field.Path, format string, args ...any) {
	at := ""
	if path != nil {
		at = path.String()
	}
	c.rejectAt(at, format, args...)
}

func (c check) rejectAt(at, format string, args ...any) {
	if c.allowed(c.o.Kind, c.o.Name, at) {
		return
	}
	p := staging.Problem{Rule: c.rule, Field: at, Message: fmt.Sprintf(format, args...)}
	if c.o.Kind != "" || c.o.Name != "" {
		p.Object = c.o.String()
	}
	c.problems = append(c.problems, p)
}

// allowed reports whether octopod.yaml excepts a field of an object from the rule.
func (c check) allowed(kind, name, at string) bool {
	return slices.ContainsFunc(c.subject.Allow, func(a project.Allow) bool {
		return a.Covers(c.rule, kind, name, at)
	})
}
