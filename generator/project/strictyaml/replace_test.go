package strictyaml_test

import (
	"strings"
	"testing"

	"octopod/generator/project/strictyaml"
)

func TestReplaceKeepsEveryOtherByte(t *testing.T) {
	const file = "# the shop\na: {ü: x, image: OLD} # why\nb:\n  image:   'OLD'   # pinned\n  other: OLD\nc:\n    image: \"OLD\"\nd:\n  image: OLD\n"
	for path, line := range map[string]string{
		"a.image": "a: {ü: x, image: registry/x:1} # why",
		"b.image": "  image:   'registry/x:1'   # pinned",
		"c.image": `    image: "registry/x:1"`,
		"d.image": "  image: registry/x:1",
	} {
		got, err := strictyaml.Replace([]byte(file), path, "registry/x:1")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		lines := strings.Split(string(got), "\n")
		changed := 0
		for i, was := range strings.Split(file, "\n") {
			if lines[i] != was {
				changed++
				if lines[i] != line {
					t.Errorf("%s: line %d is %q, want %q", path, i+1, lines[i], line)
				}
			}
		}
		if changed != 1 {
			t.Errorf("%s: %d lines changed:\n%s", path, changed, got)
		}
	}
	// CRLF line ends do not change.
	if got, err := strictyaml.Replace([]byte("a: 1\r\nb: OLD\r\n"), "b", "new"); err != nil || string(got) != "a: 1\r\nb: new\r\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestReplaceRejectsOtherForms(t *testing.T) {
	for file, value := range map[string]string{
		"a: {}":                "x",
		"image: {}":            "x",
		"image: [x]":           "x",
		"image: >\n  folded\n": "x",
		"image: \"a\\x62\"":    "x",
		"image:":               "x",
		"image: a":             "b\nimage: c",
		"image: 'b'":           "it's",
	} {
		if got, err := strictyaml.Replace([]byte(file), "image", value); err == nil {
			t.Errorf("%q becomes %q", file, got)
		}
	}
}
