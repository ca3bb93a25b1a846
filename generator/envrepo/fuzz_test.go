package envrepo

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"octopod/generator/staging"
)

// FuzzDecode: any content of staging.yaml is decoded or rejected, and a decoded record
// encodes to the same record.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("apiVersion: octopod.dev/v1alpha1\nkind: Staging\nmetadata: {name: x, title: T}\nspec:\n  branch: a\n  state: active\n" +
		"  services: {b: {image: \"r/b:1\", from: branch}}\n  overrides: {app: {A: null, B: 1, C: true, D: \"1.0\"}}\n  created: {at: 2026-11-23T12:00:00Z, by: Ada}\n"))
	f.Add([]byte("apiVersion: octopod.dev/v1alpha1\nkind: Staging\nmetadata: {name: x}\nspec: {}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := decode("x", data)
		if err != nil {
			if staging.CodeOf(err) != staging.CodeInvalid {
				t.Fatalf("a bad record is %s: %v", staging.CodeOf(err), err)
			}
			return
		}
		file, err := Record(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := decode("x", file.Data)
		if err != nil {
			t.Fatalf("%v\n%s", err, file.Data)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Fatalf("(-read +written and read):\n%s\n%s", diff, file.Data)
		}
	})
}
