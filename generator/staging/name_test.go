package staging_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

var update = flag.Bool("update", false, "write the golden files anew")

// vector is one line of testdata/names.json, the test vectors for other implementations
// of the naming rule.
type vector struct {
	Branch        string   `json:"branch"`
	StripPrefixes []string `json:"stripPrefixes,omitempty"`
	Budget        int      `json:"budget"`
	Name          string   `json:"name"`
	Hashed        string   `json:"hashed"` // the name if the plain one is taken
}

func TestNameVectors(t *testing.T) {
	const file = "testdata/names.json"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	got := make([]vector, len(vectors))
	for i, v := range vectors {
		naming := staging.Naming{StripPrefixes: v.StripPrefixes, Budget: v.Budget}
		v.Name, v.Hashed = naming.NameOf(v.Branch), naming.HashedNameOf(v.Branch)
		got[i] = v
	}
	if *update {
		var b strings.Builder
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(got); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(vectors, got); diff != "" {
		t.Errorf("names changed, and with them the addresses of people's stagings (-golden +now):\n%s", diff)
	}
}

func TestNamesAreLabelsWithinTheBudget(t *testing.T) {
	for _, branch := range []string{"x", "1", "!!!", "日本", "a--b", strings.Repeat("long/", 40), "-", "ÄÖÜ", "feature/x", "S"} {
		for _, budget := range []int{12, 20, 63} {
			naming := staging.Naming{Budget: budget, StripPrefixes: []string{"feature/"}}
			for _, name := range []string{naming.NameOf(branch), naming.HashedNameOf(branch)} {
				if !staging.IsLabel(name) || len(name) > budget {
					t.Errorf("branch %q, budget %d: name %q is no label within the budget", branch, budget, name)
				}
			}
		}
	}
}

func TestParseBranch(t *testing.T) {
	good := map[string]string{
		"main": "main", "feature/login": "feature/login", "refs/heads/x": "x",
		"feature/日本": "feature/日本", "🚀": "🚀", "a.b": "a.b", "!!!": "!!!",
	}
	for given, want := range good {
		if got, err := staging.ParseBranch(given); err != nil || got != want {
			t.Errorf("Branch(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
	bad := map[string]string{
		"":                       "empty",
		strings.Repeat("x", 300): "300 bytes",
		"../../etc":              "two dots",
		"-rf":                    "dash",
		"a\nb":                   `'\n'`,
		"refs/tags/v1":           "refs/heads",
		"a//b":                   "empty part",
		"x.lock":                 ".lock",
		".hidden":                "dot",
		"a b":                    `' '`,
		"@":                      "@",
		"HEAD":                   "checked out",
		"refs/heads/HEAD":        "checked out",
		"x.":                     "ends in a dot",
		"\xff":                   "UTF-8",
	}
	for given, why := range bad {
		_, err := staging.ParseBranch(given)
		if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(err.Error(), why) || staging.HintOf(err) == "" {
			t.Errorf("Branch(%q) = %v; want an invalid error that says %q, with a hint", given, err, why)
		}
	}
}

func FuzzNameOf(f *testing.F) {
	for _, seed := range []string{"feature/login", "日本", "--", "1.2", "ß", "A_B"} {
		f.Add(seed, 20)
	}
	f.Fuzz(func(t *testing.T, branch string, budget int) {
		if budget < 12 || budget > 63 {
			return
		}
		naming := staging.Naming{Budget: budget, StripPrefixes: []string{"feature/"}}
		for _, name := range []string{naming.NameOf(branch), naming.HashedNameOf(branch)} {
			if !staging.IsLabel(name) || len(name) > budget {
				t.Fatalf("branch %q: name %q", branch, name)
			}
		}
	})
}
