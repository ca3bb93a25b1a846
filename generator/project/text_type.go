package project

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"octopod/generator/staging"
)

// decimal matches a number in its plain form, which every tool reads the same way.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$`)

// native returns a value as a template or a chart gets it: a decimal as a number, and a list
// as a list.
func (p Parameter) native(value any) any {
	text, isText := value.(string)
	switch {
	case isText && p.Type == TypeDecimal:
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case isText && p.Type == TypeList:
		items := []any{}
		for _, item := range splitItems(text) {
			items = append(items, item)
		}
		return items
	}
	return value
}

// splitItems returns the items of a list; an empty text is a list without items.
func splitItems(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items
}

func joinItems(items []string) string { return strings.Join(items, ",") }

// checkItems checks each item of a list.
func (p Parameter) checkItems(items []string) error {
	for i, item := range items {
		if item == "" {
			return fmt.Errorf("has an empty item: write items with one comma between two")
		}
		if slices.Contains(items[:i], item) {
			return fmt.Errorf("has %q twice", item)
		}
		if err := p.checkOne(item); err != nil {
			return err
		}
	}
	return p.plainText(joinItems(items))
}

// checkDecimalRange compares a decimal with the bounds.
func (p Parameter) checkDecimalRange(text string) error {
	n, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a number: write 0.5", text)
	case p.Min != nil && n < float64(*p.Min):
		return fmt.Errorf("%s is too small; the minimum is %d", text, *p.Min)
	case p.Max != nil && n > float64(*p.Max):
		return fmt.Errorf("%s is too large; the maximum is %d", text, *p.Max)
	}
	return nil
}

// Items returns the items of a value; none if the parameter is no list.
func (p Parameter) Items(value any) []string {
	if p.Type != TypeList {
		return nil
	}
	return splitItems(staging.FormatValue(value))
}
