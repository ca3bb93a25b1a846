package check

import (
	"slices"
	"strings"
)

// join joins names for a message: a, b, c.
func join[S ~string](list []S) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

func availableNames(names []string) string {
	if len(names) == 0 {
		return "it has none"
	}
	return "it has " + join(names)
}

// truncate shortens a long text for a message.
func truncate(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// shortReason returns the first message of apimachinery's validation without its
// regular expression.
func shortReason(faults []string) string {
	short, _, _ := strings.Cut(faults[0], " (e.g.")
	return short
}

// sortedKeys returns the keys of a map in order, so that reports are stable.
func sortedKeys[K ~string, V any](m map[K]V) []string {
	if len(m) == 0 {
		return nil
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, string(key))
	}
	slices.Sort(keys)
	return keys
}
