package strictyaml_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"octopod/generator/project/strictyaml"
)

// hostile returns texts that are expensive to decode, each of about n bytes.
var hostile = map[string]func(n int) string{
	"many keys":        after("values:\n", func(i int) string { return fmt.Sprintf("  k%d: 1\n", i) }),
	"full mappings":    after("services:\n", fullMapping),
	"open lists":       fill("["),
	"open maps":        fill("{a: "),
	"dashes":           fill("- "),
	"questions":        fill("? "),
	"colons":           fill(": "),
	"comments":         fill("# x\n"),
	"comment, items":   after("tags:\n", always("# x\n- a\n")),
	"anchors":          after("tags:\n", always("- &a x\n")),
	"documents":        fill("---\n"),
	"quotes":           fill(`"`),
	"escapes":          func(n int) string { return `name: "` + fill(`\n`)(n) + `"` },
	"blank lines":      fill("\n"),
	"tabs":             fill("\t"),
	"text with breaks": after("name: |\n", always("  a\n\n")),
	"directives":       fill("%YAML 1.1\n"),
	"indents":          after("", func(i int) string { return strings.Repeat(" ", i) + "a:\n" }),
}

// after appends parts to a beginning until there are n bytes.
func after(beginning string, part func(i int) string) func(n int) string {
	return func(n int) string {
		var b strings.Builder
		b.WriteString(beginning)
		for i := 0; b.Len() < n; i++ {
			b.WriteString(part(i))
		}
		return b.String()
	}
}

func fill(s string) func(n int) string { return after("", always(s)) }

func always(s string) func(int) string { return func(int) string { return s } }

// fullMapping is a mapping with the maximum number of entries.
func fullMapping(i int) string {
	return fmt.Sprintf("  s%d:\n%s", i, after("", func(k int) string { return fmt.Sprintf("    k%03d: 1\n", k) })(1000*len("    k000: 1\n")))
}

// memory returns the number of bytes that decoding a text allocates. Unlike the time, it
// does not depend on the load of the machine.
func memory(text string) int {
	data := []byte(text)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_ = strictyaml.Decode("f.yaml", data, &record{})
	strictyaml.Lines(data)
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// Twice the text needs about twice the memory. With quadratic work it would need four
// times as much. An amount below the size of the text proves nothing: the memory may
// come from a pool.
func TestMemoryGrowsWithTheText(t *testing.T) {
	const size, most = strictyaml.MaxSize / 16, 512 // bytes of memory for one of text
	for name, text := range hostile {
		one, two := memory(text(size)), memory(text(2*size))
		if two > 3*max(one, size) || one > most*size {
			t.Errorf("%s: %d bytes of text cost %d bytes of memory, twice as many %d", name, size, one, two)
		}
	}
}

// Decode rejects a text that expands to gigabytes, or that is too long, without effort.
func TestBombsAreRejectedAtOnce(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c <= 'z'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.Repeat(fmt.Sprintf("*%c,", c-1), 9))
	}
	for name, text := range map[string]string{"aliases of aliases": bomb, "50 MB": fill("name: a\n")(50 << 20)} {
		if cost := memory(text); cost > 1<<20 {
			t.Errorf("%s: %d bytes", name, cost)
		}
		if err := strictyaml.Decode("f.yaml", []byte(text), &record{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// BenchmarkGoalDecode measures Decode on hostile texts of 256 KiB, as a multiple
// of the time of stock yaml.v3 on an ordinary text of that size. Goal: at
// most 5.
func BenchmarkGoalDecode(b *testing.B) {
	const size = strictyaml.MaxSize / 4
	plain := []byte(after("services:\n", func(i int) string { return fmt.Sprintf("  service-%d: {image: registry.example.com/shop:%d}\n", i, i) })(size))
	var stock float64
	b.Run("ordinary text, yaml.v3", func(b *testing.B) {
		for b.Loop() {
			if err := yaml.Unmarshal(plain, &yaml.Node{}); err != nil {
				b.Fatal(err)
			}
		}
		stock = perRun(b)
	})
	for name, text := range hostile {
		b.Run(name, func(b *testing.B) {
			data := []byte(text(size))
			for b.Loop() {
				_ = strictyaml.Decode("f.yaml", data, &record{})
			}
			b.ReportMetric(perRun(b)/stock, "of-stock")
		})
	}
}

func perRun(b *testing.B) float64 { return float64(b.Elapsed()) / float64(b.N) }
