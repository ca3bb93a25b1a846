package check_test

import (
	"errors"
	"io/fs"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"octopod/generator/check"
	"octopod/generator/staging"
)

// The checks end, never panic, and return the same problems again for any rendered
// object.
func FuzzObjects(f *testing.F) {
	for _, o := range good(f) {
		f.Add(o.APIVersion, o.Kind, o.Name, o.JSON)
	}
	for _, rule := range check.Rules() {
		archive, err := txtar.ParseFile("testdata/" + rule.Name + ".txtar")
		if errors.Is(err, fs.ErrNotExist) && rule.Name == "immutable" { // it compares two deploys: TestUpdate has its cases
			continue
		}
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if len(file.Name) > 5 && file.Name[len(file.Name)-5:] == ".yaml" {
				for _, o := range parse(f, string(file.Data)) {
					f.Add(o.APIVersion, o.Kind, o.Name, o.JSON)
				}
			}
		}
	}
	f.Add("apps/v1", "Deployment", "a", []byte(`null`))
	f.Add("v1", "Pod", "a", []byte(`{"spec":null,"metadata":null}`))
	f.Add("x.y/v1", "Z", "a", []byte(`{"spec":{"template":{"spec":{"containers":{}}}},"metadata":[]}`))
	f.Fuzz(func(t *testing.T, apiVersion, kind, name string, data []byte) {
		objects := []staging.Object{{APIVersion: apiVersion, Kind: kind, Name: name, JSON: data}}
		first := check.Objects(objects, subject())
		for _, p := range first {
			if p.Rule == "" || p.Message == "" {
				t.Fatalf("%+v says too little", p)
			}
		}
		if again := check.Objects(objects, subject()); !cmp.Equal(first, again) {
			t.Fatal(cmp.Diff(first, again))
		}
	})
}

// Stagings are checked concurrently when all are rendered again.
func TestObjectsInParallel(t *testing.T) {
	objects, s := good(t), subject()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if problems := check.Objects(objects, s); len(problems) > 0 {
					t.Errorf("%v", problems)
					return
				}
			}
		})
	}
	wg.Wait()
}
