package check_test

import (
	"bufio"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"octopod/generator/check"
	"octopod/generator/staging"
)

// testdata/faults.txt changes one thing in the good set at a time:
//
//	Deployment/backend spec.replica = 2
//	> Deployment/backend: spec.replica: is an unknown field; did you mean replicas? [schema]
//
// A value of - removes the field. Each line after > is a problem that the change
// causes, with object, field and rule; without one, the change causes none.
func TestOneFaultOneProblem(t *testing.T) {
	const file = "testdata/faults.txt"
	var out strings.Builder
	set := good(t)
	scanner := bufio.NewScanner(strings.NewReader(read(t, file)))
	var change string
	var want []string
	check := func() {
		if change == "" {
			return
		}
		got := faultsOf(t, slices.Clone(set), change)
		if text := strings.Join(want, ""); text != got && !*update {
			t.Errorf("%s\nwant %sgot  %s", change, text, got)
		}
		if n := strings.Count(got, "\n"); n > 1 {
			t.Errorf("%s: %d problems of one fault:\n%s", change, n, got)
		}
		out.WriteString(change + "\n")
		for line := range strings.Lines(got) {
			out.WriteString("> " + line)
		}
		change, want = "", nil
	}
	for scanner.Scan() {
		line := scanner.Text()
		switch {
		case strings.HasPrefix(line, "> "):
			want = append(want, line[2:]+"\n")
		case line == "" || strings.HasPrefix(line, "#"):
			check()
			out.WriteString(line + "\n")
		default:
			check()
			change = line
		}
	}
	check()
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func faultsOf(t *testing.T, objects []staging.Object, change string) string {
	t.Helper()
	target, rest, _ := strings.Cut(change, " ")
	path, value, ok := strings.Cut(rest, " = ")
	if !ok {
		t.Fatalf("%q has no value", change)
	}
	for i, o := range objects {
		if o.String() == target {
			objects[i] = mutate(t, o, path, value)
			problems := check.Objects(objects, subject())
			for _, p := range problems {
				if p.Object == "" && p.Rule != "image-unused" || p.Field == "" && p.Rule != "duplicate" && p.Rule != "cluster-scoped" || p.Rule == "" {
					t.Errorf("%s: %+v does not say where", change, p)
				}
			}
			return lines(problems)
		}
	}
	t.Fatalf("the good set has no %s", target)
	return ""
}

var step = regexp.MustCompile(`[^.\[\]]+|\[[^\]]*\]`)

func mutate(t *testing.T, o staging.Object, path, value string) staging.Object {
	t.Helper()
	var root any
	if err := json.Unmarshal(o.JSON, &root); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := yaml.Unmarshal([]byte(value), &v); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	root = change(t, root, step.FindAllString(path, -1), v, value == "-")
	data, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return object(t, data)
}

// change returns a tree with one value set or removed; [x] is an index or a key.
func change(t *testing.T, tree any, path []string, value any, remove bool) any {
	t.Helper()
	if len(path) == 0 {
		return value
	}
	name := strings.Trim(path[0], "[]")
	if l, ok := tree.([]any); ok {
		i, err := strconv.Atoi(name)
		if err != nil || i > len(l) {
			t.Fatalf("no index %s", name)
		}
		if i == len(l) {
			l = append(l, nil)
		}
		l[i] = change(t, l[i], path[1:], value, remove)
		return l
	}
	m, ok := tree.(map[string]any)
	if !ok {
		if tree != nil {
			t.Fatalf("%s is in no map but in %v", name, tree)
		}
		m = map[string]any{}
	}
	if len(path) == 1 && remove {
		if _, ok := m[name]; !ok {
			t.Fatalf("there is no %s to remove", name)
		}
		delete(m, name)
		return m
	}
	m[name] = change(t, m[name], path[1:], value, remove)
	return m
}
