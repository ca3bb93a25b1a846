package generator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"octopod/generator/staging"
)

// entry is the object at one path of a corrupted staging.
type entry struct {
	mode string // of git; "" for a regular file
	data string // for a submodule: its commit
}

// corruption is one way to corrupt the files of a staging.
type corruption struct {
	what  string
	name  string // of the directory; "" for the next free one
	files map[string]entry
}

// corruptions corrupts the files of a staging in every way, one at a time. It takes
// every nth pair of a field and a value of a wrong type.
func corruptions(t *testing.T, files map[string]string, nth map[string]int) []corruption {
	t.Helper()
	var all []corruption
	for _, file := range slices.Sorted(maps.Keys(files)) {
		for what, content := range wholeFile(file, files[file]) {
			all = append(all, with(files, file, what, content))
		}
		if n := nth[path.Base(file)]; n > 0 {
			for what, content := range wrongFields(t, files[file], n) {
				all = append(all, with(files, file, what, entry{data: content}))
			}
		}
	}
	all = append(all,
		corruption{what: "only a README", files: map[string]entry{"README.md": {data: "x"}}},
		corruption{what: "a submodule", files: map[string]entry{"": {"160000", strings.Repeat("1", 40)}}},
	)
	for _, name := range []string{"Upper_Case", ".hidden", "two words", "-dash", "ümlaut", strings.Repeat("long", 60)} {
		c := with(files, "", "a name that is no label", entry{})
		c.name = name
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b corruption) int { return strings.Compare(a.what, b.what) })
	return all
}

func with(files map[string]string, file, what string, e entry) corruption {
	c := corruption{what: path.Base(file) + ": " + what, files: map[string]entry{}}
	for name, content := range files {
		c.files[path.Base(name)] = entry{data: content}
	}
	switch {
	case file == "":
	case e.mode == "gone":
		delete(c.files, path.Base(file))
	case e.mode == "dir":
		delete(c.files, path.Base(file))
		c.files[path.Base(file)+"/inner.yaml"] = entry{data: e.data}
	default:
		c.files[path.Base(file)] = e
	}
	return c
}

func wholeFile(file, content string) map[string]entry {
	depth := 20_000
	if path.Ext(file) != ".yaml" {
		depth = 2_000 // tests evaluate jsonnet in this process, which has one stack
	}
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 8), i)
	}
	texts := map[string]string{
		"empty": "", "a third": content[:len(content)/3], "half": content[:len(content)/2], "cut at the end": content[:len(content)-2],
		"not YAML": "{{{ oops: [", "binary": "\x00\xff\xfe\x01\x80", "a number": "42\n", "null": "null\n", "a list": "[1, 2]\n",
		"tabs": strings.ReplaceAll(content, "  ", "\t"), "twice": content + content, "two documents": content + "\n---\n" + content,
		"anchors": "x: &x 1\ny: *x\n" + content, "merge key": "<<: {a: b}\n" + content, "bomb": bomb, "loop": "a: &a [*a]\n",
		"deep": strings.Repeat("[", depth), "large": content + strings.Repeat("# x\n", 1<<20/4), "too large": content + strings.Repeat("# x\n", 9<<20/4),
		"CRLF": strings.ReplaceAll(content, "\n", "\r\n"), "latin-1": "title: caf\xe9\n" + content, "byte order mark": "\ufeff" + content,
		"conflict markers": "<<<<<<< HEAD\n" + content + "=======\n" + content + ">>>>>>> theirs\n",
	}
	all := map[string]entry{
		"missing": {mode: "gone"}, "a directory": {mode: "dir", data: content},
		"a link out": {"120000", "/etc/passwd"}, "a link to itself": {"120000", "staging.yaml"}, "a submodule": {"160000", strings.Repeat("1", 40)},
	}
	for what, text := range texts {
		all[what] = entry{data: text}
	}
	return all
}

// wrongFields returns variants of a file with one field removed or of a wrong type.
func wrongFields(t *testing.T, content string, nth int) map[string]string {
	t.Helper()
	var docs []any
	for doc := range strings.SplitSeq(content, "\n---\n") {
		var value any
		if err := yaml.Unmarshal([]byte(doc), &value); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, value)
	}
	kinds := []string{`"oops"`, `"1"`, `-7`, `null`, `true`, `[]`, `{}`, `["oops"]`, `{"oops": 1}`, `1e300`, `.nan`, `2026-11-23`, `!!binary "AAAA"`, ``}
	all := map[string]string{}
	n := 0
	for i := range docs {
		eachField(docs[i], "", func(at string, set func(any), remove func()) {
			for _, kind := range kinds {
				if n++; n%nth != 0 {
					continue
				}
				const mark = "REPLACE-ME"
				if set(mark); kind == "" {
					remove()
				}
				all[fmt.Sprintf("%d%s is %s", i, at, kind)] = strings.ReplaceAll(text(t, docs), `"`+mark+`"`, kind)
			}
		})
	}
	return all
}

// eachField visits every field below a node, and puts it back afterwards.
func eachField(node any, at string, visit func(at string, set func(any), remove func())) {
	switch n := node.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(n)) {
			old := n[key]
			visit(at+"."+key, func(v any) { n[key] = v }, func() { delete(n, key) })
			n[key] = old
			eachField(old, at+"."+key, visit)
		}
	case []any:
		for i, old := range n {
			visit(at+"["+strconv.Itoa(i)+"]", func(v any) { n[i] = v }, func() { n[i] = nil })
			n[i] = old
			eachField(old, at+"["+strconv.Itoa(i)+"]", visit)
		}
	}
}

// text writes documents as JSON, which YAML is a superset of.
func text(t *testing.T, docs []any) string {
	t.Helper()
	var all []string
	for _, doc := range docs {
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(data))
	}
	return strings.Join(all, "\n---\n") + "\n"
}

// fastImport returns a stream for `git fast-import` that commits corrupted copies of a
// staging, and the corruption of each copy by name.
func fastImport(all []corruption, of string) (stream []byte, names map[string]string) {
	var b bytes.Buffer
	names = map[string]string{}
	fmt.Fprintf(&b, "commit refs/heads/main\ncommitter Mallory <m@example.com> 1795435200 +0000\ndata 0\nfrom refs/heads/main^0\n")
	for i, c := range all {
		name := c.name
		if name == "" {
			name = fmt.Sprintf("bad%04d", i)
		}
		names[name] = c.what
		for file, e := range c.files {
			at := strconv.Quote(path.Join(staging.Dir(name), file))
			if e.mode == "160000" {
				fmt.Fprintf(&b, "M 160000 %s %s\n", e.data, at)
				continue
			}
			data := strings.ReplaceAll(e.data, of, name)
			fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", map[bool]string{true: "100644", false: e.mode}[e.mode == ""], at, len(data), data)
		}
	}
	return b.Bytes(), names
}
