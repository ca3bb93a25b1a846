package render

import (
	"bytes"
	"encoding/json"
	"testing"

	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// appendNode returns the same as kustomize's own conversion.
func TestAppendNodeEqualsMarshalJSON(t *testing.T) {
	for _, text := range []string{
		"a: b", "{}", "a: {}", "a: []", "a: null", "a:", "a: ~", "a: ''", "a: 'null'",
		"a: on", "a: yes", "a: y", "a: true", "a: 'true'", "a: True", "a: !!str true",
		"a: 1", "a: -1", "a: 0x1F", "a: 0o17", "a: 017", "a: 1_000", "a: '1'", "a: !!str 1", "a: 9007199254740993",
		"a: 18446744073709551615", "a: 1.0", "a: 0.1", "a: 1e3", "a: 1e21", "a: 1.5e-7", "a: 100000000000000000000",
		"a: 12:30:45", "a: 2024-01-01", "a: '2024-01-01'", "a: 2001-12-14t21:59:43.10-05:00", "a: 1.2.3", "a: 1Gi",
		"a: |\n  one\n  two\n", "a: >-\n  one\n  two\n", "a: \"\\u2028 \\x01 \\t <&>\"", "a: 'ü €'",
		"b: 1\na: 2\nB: 3", "1: a", "true: a", "a: {c: [1, {b: x}], b: [[]]}", "a: !!binary aGk=",
		"a: &x {b: 1}\nc: *x",
	} {
		node, err := kyaml.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		want, wantErr := node.MarshalJSON()
		got, gotErr := appendNode(nil, node.YNode())
		if (wantErr == nil) != (gotErr == nil) {
			t.Errorf("%s: got %v, want %v", text, gotErr, wantErr)
			continue
		}
		if wantErr == nil && string(got) != canonical(t, want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func canonical(t *testing.T, text []byte) string {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	out, err := appendValue(nil, value)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A replacement that creates the element [prefix=] makes such a node. The command of
// kustomize 5.8 writes "" for it, its library null; for Kubernetes both are unset.
func TestAnUntaggedEmptyNodeIsText(t *testing.T) {
	node := kyaml.NewMapRNode(nil)
	if err := node.PipeE(kyaml.SetField("prefix", kyaml.NewScalarRNode(""))); err != nil {
		t.Fatal(err)
	}
	if got, err := appendNode(nil, node.YNode()); err != nil || string(got) != `{"prefix":""}` {
		t.Errorf("got %s (%v)", got, err)
	}
}

func TestAppendNodeRefusesDuplicates(t *testing.T) {
	var node kyaml.Node // by the parser itself: kustomize's own function may refuse it first
	if err := kyaml.Unmarshal([]byte("{a: 1, b: 2, a: 3}"), &node); err != nil {
		t.Fatal(err)
	}
	if out, err := appendNode(nil, &node); err == nil {
		t.Errorf("got %s", out)
	}
}

func TestNumbersHaveOneSpelling(t *testing.T) {
	for in, want := range map[string]string{
		"1": "1", "1.0": "1", "1e3": "1000", "-0": "0", "0.10000000000000001": "0.1", "1e21": "1e+21",
		"9007199254740993": "9007199254740993", "1.5": "1.5", "100000000000000000000": "100000000000000000000",
	} {
		got, err := appendNumber(nil, json.Number(in))
		if err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", in, got, err, want)
		}
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "a", "\"\\", "\x00\x1f\x7f", "\n\r\t\b\f", "ü€😀", "\u2028\u2029", "\xff\xfe", "a\xc3", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(s); err != nil {
			t.Fatal(err)
		}
		var a, b string
		if err := json.Unmarshal(appendString(nil, s), &a); err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if err := json.Unmarshal(want.Bytes(), &b); err != nil || a != b {
			t.Errorf("%q: got %q, want %q", s, a, b)
		}
	})
}
