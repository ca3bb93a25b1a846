package render_test

import (
	"cmp"
	"context"
	"crypto/sha1"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"octopod/generator/project"
	"octopod/generator/render"
	"octopod/generator/staging"
	"octopod/jsonnet"
	"octopod/templates"
)

// shopTree is the env repo of the sample project, without stagings.
func shopTree(t testing.TB) fstest.MapFS {
	t.Helper()
	tree := fstest.MapFS{"octopod.yaml": {Data: readFile(t, "../../octopod.yaml")}}
	addAll(t, tree, "templates", templates.Files)
	addAll(t, tree, "jsonnet", jsonnet.Files)
	return tree
}

func addAll(t testing.TB, tree fstest.MapFS, dir string, files fs.FS) {
	t.Helper()
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		tree[path.Join(dir, name)] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// shop is the sample project with one of the engines.
func shop(t testing.TB, engine project.Engine) *project.Project { return shopWith(t, engine, "") }

// shopWith is the shop with further lines of its octopod.yaml.
func shopWith(t testing.TB, engine project.Engine, more string) *project.Project {
	t.Helper()
	p, err := project.Parse(append(readFile(t, "../../octopod.yaml"), more...))
	if err != nil {
		t.Fatal(err)
	}
	if engine == project.EngineKustomize {
		return p
	}
	p.Spec.Engine = engine
	p.Spec.Kustomize = project.Kustomize{}
	p.Spec.Jsonnet = project.Jsonnet{File: "jsonnet/shop.libsonnet", Libraries: []string{"jsonnet"}}
	for name, parameter := range p.Spec.Parameters {
		parameter.To = project.Target{} // a jsonnet template finds every value itself
		p.Spec.Parameters[name] = parameter
	}
	return p
}

// record is a staging of the shop, changed by edit.
func record(name string, edit func(*staging.Spec)) staging.Staging {
	s := staging.Staging{Name: name, Title: "New login page", Spec: staging.Spec{
		Branch: "feature/" + name,
		State:  staging.Active,
		Services: map[string]staging.Service{
			"backend": {
				Image:  "registry.example.com/shop/backend:1f2e3d4",
				Commit: "1f2e3d4c5b6a79880123456789abcdef01234567", Repository: "github.com/acme/shop-backend",
				From: staging.FromBranch,
			},
			"frontend": {Image: "registry.example.com/shop/frontend:main", From: staging.FromDefault},
		},
	}}
	if edit != nil {
		edit(&s.Spec)
	}
	return s
}

// shopStagings are the cases of the golden files.
func shopStagings() []staging.Staging {
	return []staging.Staging{
		record("active", nil),
		record("archived", func(s *staging.Spec) { s.State = staging.Archived }),
		record("overrides", func(s *staging.Spec) {
			s.Presets = []string{"payments-production"}
			s.Overrides.App = staging.Values{"LOG_LEVEL": "debug", "STRIPE_KEY": "payments/stripe"}
			s.Overrides.Deployment = staging.Values{"backend.replicas": 2, "backend.memory": "1Gi"}
		}),
		record("absent", func(s *staging.Spec) {
			s.Overrides.App = staging.Values{"LEGACY_FLAG": nil, "LOG_LEVEL": nil}
		}),
	}
}

func manifests(t testing.TB, objects []staging.Object) []byte {
	t.Helper()
	text, err := render.Manifests(objects)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func source(t testing.TB, p *project.Project, s staging.Staging) []staging.File {
	t.Helper()
	params, err := p.Params(s)
	if err != nil {
		t.Fatal(err)
	}
	files, err := render.Source(p, params)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func renderShop(t testing.TB, r *render.Renderer, tree fs.FS, p *project.Project, s staging.Staging) []staging.Object {
	t.Helper()
	objects, err := r.Render(context.Background(), tree, p, s.Name, source(t, p, s))
	if err != nil {
		t.Fatalf("render %s with %s: %v", s.Name, p.Spec.Engine, err)
	}
	return objects
}

func newRenderer(t testing.TB, o render.Options) *render.Renderer {
	t.Helper()
	o.Timeout = cmp.Or(o.Timeout, time.Minute) // the machine may be busy with other tests
	r := render.New(o)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// hashedTree adds the hashes of a git snapshot to a tree.
type hashedTree struct{ fstest.MapFS }

func (h hashedTree) TreeHash(name string) (string, error) {
	sum, found := sha1.New(), false
	_ = fs.WalkDir(h.MapFS, ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && (name == "." || file == name || strings.HasPrefix(file, name+"/")) {
			fmt.Fprintf(sum, "%s %o %x\n", file, h.MapFS[file].Mode, sha1.Sum(h.MapFS[file].Data))
			found = true
		}
		return nil
	})
	if !found {
		return "", nil
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

type mapFile = fstest.MapFile

func file(text string) *mapFile { return &mapFile{Data: []byte(text)} }

// fixedHashes is a tree that never changes and finds its hashes at once.
type fixedHashes struct{ fstest.MapFS }

func (fixedHashes) TreeHash(name string) (string, error) { return name, nil }
