package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A table cuts and omits columns in a narrow terminal, in the order of shrink.
func TestTablesFit(t *testing.T) {
	columns := []column{{"NAME", 0}, {"BRANCH", 2}, {"SERVICES", 3}, {"URL", 0}}
	for _, test := range []struct {
		name string
		most int
		want []int
	}{
		{"wide enough", 100, []int{10, 20, 20, 30}},
		{"the highest shrink is cut first", 80, []int{10, 20, 14, 30}},
		{"then the next", 64, []int{10, 10, 8, 30}},
		{"then it is omitted", 60, []int{10, 16, 0, 30}},
		{"and the next", 50, []int{10, 0, 0, 30}},
		{"names and addresses stay", 10, []int{10, 0, 0, 30}},
	} {
		t.Run(test.name, func(t *testing.T) {
			widths := []int{10, 20, 20, 30}
			fitWidths(columns, widths, test.most)
			if diff := cmp.Diff(test.want, widths); diff != "" {
				t.Errorf("widths (-want +got):\n%s", diff)
			}
		})
	}
}

// Control characters in text from git never reach a terminal.
func TestControlCharactersAreReplaced(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                "plain",
		"two\nlines":           "two lines",
		"\x1b[31mred\x1b[0m":   "�[31mred�[0m",
		"\u202egnp.exe":        "�gnp.exe",
		"bell\a, c1 \u009b31m": "bell�, c1 �31m",
	} {
		if got := oneLine(text); got != want {
			t.Errorf("inline(%q) = %q, want %q", text, got, want)
		}
	}
}
