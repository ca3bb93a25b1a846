package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"octopod/generator/project/strictyaml"
)

// Hostile files are refused or read in a moment, whatever they hold.
func TestDecodeIsQuick(t *testing.T) {
	const size = strictyaml.MaxSize / 4 // quadratic cost would show here, too
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9))
	}
	keys := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to && b.Len() < strictyaml.MaxSize/4; i++ {
			fmt.Fprintf(&b, "  k%d: 1\n", i)
		}
		return b.String()
	}
	texts := map[string]string{
		"alias bomb":       bomb,
		"50 MB":            strings.Repeat("name: a\n", 50<<20/8),
		"many keys":        "values:\n" + keys(0, 1<<20),
		"open lists":       fill("["),
		"open maps":        fill("{a: "),
		"dashes":           fill("- "),
		"questions":        fill("? "),
		"colons":           fill(": "),
		"comments":         fill("# x\n"),
		"comment, items":   "tags:\n" + fill("# x\n- a\n"),
		"anchors":          "tags:\n" + fill("- &a x\n"),
		"documents":        fill("---\n"),
		"quotes":           fill(`"`),
		"escapes":          `name: "` + fill(`\n`) + `"`,
		"blank lines":      fill("\n"),
		"tabs":             fill("\t"),
		"text with breaks": "name: |\n" + fill("  a\n\n"),
		"directives":       fill("%YAML 1.1\n"),
		"indents":          stairs(),
		"full mappings":    "services:\n" + fullMappings(),
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := strictyaml.Decode("f.yaml", []byte(text), &record{})
			strictyaml.Lines([]byte(text))
			took := time.Since(start)
			t.Logf("%7d bytes, %v: %.60v", len(text), took.Round(time.Millisecond), err)
			if took > 10*time.Second { // generous: other tests share the cores, and -race costs ten-fold
				t.Errorf("took %v", took)
			}
		})
	}
}

// stairs nests as many mappings as fit, each indented further.
func stairs() string {
	var b strings.Builder
	for i := 0; b.Len()+i+4 < strictyaml.MaxSize/4; i++ {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// fullMappings has as many entries in each mapping as are read.
func fullMappings() string {
	var b strings.Builder
	for i := 0; i < 30; i++ {
		fmt.Fprintf(&b, "  s%d:\n", i)
		for k := 0; k < 1000; k++ {
			fmt.Fprintf(&b, "    k%d: 1\n", k)
		}
	}
	return b.String()
}
