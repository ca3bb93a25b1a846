package staging

import (
	"errors"
	"strconv"
	"strings"
)

// Chart is a Helm chart with everything that its rendering depends on.
type Chart struct {
	Path        string // directory relative to the root of the env repo
	Field       string // of octopod.yaml, for problems: spec.helm.charts[0]
	Release     string
	Namespace   string
	KubeVersion string
	APIVersions []string
	ValueFiles  []string       // files relative to the root, the last one wins
	Values      map[string]any // over those of the files
	Set         []ChartValue   // single values over all others, sorted by path
	Images      []ChartImage   // sorted by service
}

// ChartValue is a value at a path in the values of a chart.
type ChartValue struct {
	Path  string // of ParseValuePath
	Value any    // string, int, bool or nil
}

// ChartImage is the image of a service, and the place of its parts in the values of a chart.
type ChartImage struct {
	Service   string
	Path      string // of ParseValuePath
	Reference string
}

// ValueStep is one step of a path in values: a key, or the index of an element of a list.
type ValueStep struct {
	Key    string
	Index  int
	IsItem bool
}

// ParseValuePath parses a path in the values of a chart, in the notation of `helm --set`:
// ingress.hosts[0].host; a backslash before a dot makes it part of the key.
func ParseValuePath(path string) ([]ValueStep, error) {
	var steps []ValueStep
	for _, part := range splitUnescaped(path) {
		key, items, _ := strings.Cut(part, "[")
		if key == "" {
			return nil, errors.New("a key is empty")
		}
		steps = append(steps, ValueStep{Key: strings.ReplaceAll(key, `\.`, ".")})
		for items != "" {
			number, rest, closed := strings.Cut(items, "]")
			index, err := strconv.Atoi(number)
			if err != nil || !closed || index < 0 || rest != "" && rest[0] != '[' {
				return nil, errors.New("an index is no number in brackets")
			}
			steps = append(steps, ValueStep{Index: index, IsItem: true})
			items = strings.TrimPrefix(rest, "[")
		}
		if strings.HasSuffix(part, "[") {
			return nil, errors.New("a bracket is open")
		}
	}
	return steps, nil
}

// splitUnescaped splits a path at the dots without a backslash.
func splitUnescaped(path string) []string {
	var parts []string
	from := 0
	for i := range len(path) {
		if path[i] == '.' && (i == 0 || path[i-1] != '\\') {
			parts, from = append(parts, path[from:i]), i+1
		}
	}
	return append(parts, path[from:])
}
