package project

import (
	"fmt"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// problems collects problems in the order in which they are found.
type problems []staging.Problem

func (c *problems) add(field, format string, args ...any) {
	*c = append(*c, staging.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (c *problems) addError(field string, err error) {
	if err != nil {
		c.add(field, "%s", err)
	}
}

// rejectEmpty adds a problem for each pattern of a list that is empty.
func (c *problems) rejectEmpty(field string, patterns []string) {
	for i, pattern := range patterns {
		if strings.TrimSpace(pattern) == "" {
			c.add(fmt.Sprintf("%s[%d]", field, i), "is empty")
		}
	}
}

// suggest formats a suggestion: the closest known name, or else all names.
func suggest(name string, known []string) string {
	if near := strictyaml.Closest(name, known); near != "" {
		return "; did you mean " + near + "?"
	}
	return listChoices(known)
}

// listChoices formats the possible names.
func listChoices(names []string) string {
	if len(names) == 0 {
		return " (it declares none)"
	}
	return ": choose " + strings.Join(names, ", ")
}
