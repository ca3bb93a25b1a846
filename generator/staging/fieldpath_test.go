package staging_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

func TestParseFieldPath(t *testing.T) {
	got, err := staging.ParseFieldPath("metadata.annotations.[example.com/host].containers.[name=a.b=c].hosts.[=www.example.com].0")
	want := []staging.FieldStep{{Key: "metadata"}, {Key: "annotations"}, {Key: "example.com/host"}, {Key: "containers"}, {Key: "name", Value: "a.b=c"}, {Key: "hosts"}, {Value: "www.example.com"}, {Key: "0"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, wrong := range []string{"", "a..b", "a.", ".a", "[a", "a]b", "[a]b", "a.[=]"} {
		if steps, err := staging.ParseFieldPath(wrong); err == nil {
			t.Errorf("%q is accepted: %v", wrong, steps)
		}
	}
}

func FuzzParseFieldPath(f *testing.F) {
	for _, seed := range []string{"a.b", "a.[k=v].c", "[a.b]", "a.[", "=", "[=].x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		steps, err := staging.ParseFieldPath(path)
		if (err == nil) != (len(steps) > 0) {
			t.Errorf("%q: %v, %v", path, steps, err)
		}
		staging.ExactFieldPath(path)
	})
}
