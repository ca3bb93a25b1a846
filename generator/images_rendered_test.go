package generator_test

import (
	"bytes"
	"strings"
	"testing"

	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// replace changes a text in a file of the env repo.
func (w *fixture) replace(path, old, new string) {
	w.t.Helper()
	data := w.read(path)
	if !bytes.Contains(data, []byte(old)) {
		w.t.Fatalf("%s has no %q", path, old)
	}
	w.write(staging.File{Path: path, Data: bytes.Replace(data, []byte(old), []byte(new), 1)})
}

// check: exists holds for every image of the staging: also for one that octopod.yaml or
// the template brings.
func TestEveryRenderedImageIsChecked(t *testing.T) {
	for name, tt := range map[string]struct{ path, old, new string }{
		"a default image": {project.File, "shop/frontend:main", "shop/frontend:gone"},
		"a sidecar":       {"templates/shop/frontend.yaml", "      containers:\n", "      initContainers:\n        - {name: wait, image: HOST/shop/wait:gone}\n      containers:\n"},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
			w.replace(tt.path, tt.old, strings.ReplaceAll(tt.new, "HOST", r.Host))
			image := r.Host + "/shop/backend:1f2e3d4"
			push(t, image)
			err := w.refused(shipped(image))
			if !change.IsImagePending(err) || len(staging.ProblemsOf(err)) != 1 || !strings.HasSuffix(staging.ProblemsOf(err)[0].Image, ":gone") {
				t.Fatalf("got %v", err)
			}
			if field := staging.ProblemsOf(err)[0].Field; field == "--image" {
				t.Error("the deploy did not name this image")
			}
			push(t, staging.ProblemsOf(err)[0].Image)
			w.do(shipped(image))
		})
	}
}

// The template may name a registry that octopod.yaml does not list. The server does not
// call it, and the result says so.
func TestTheTemplateNamesNoNewRegistry(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	stranger := testenv.ServeRegistry(t)
	w.replace("templates/shop/frontend.yaml", "      containers:\n", "      initContainers:\n        - {name: wait, image: "+stranger.Host+"/wait:1}\n      containers:\n")
	image := r.Host + "/shop/backend:1f2e3d4"
	push(t, image)
	if note := w.do(shipped(image)).Note; !strings.Contains(note, stranger.Host+"/wait:1") {
		t.Errorf("the note is %q", note)
	}
	if n := stranger.Requests(); n != 0 {
		t.Errorf("it was called %d times", n)
	}
}

// pin: digest holds for default images: a tag that moves changes a staging with its next
// deploy only.
func TestADefaultImageIsPinnedToItsDigest(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{pin: digest}")
	tag := r.Host + "/shop/frontend:main"
	backend := r.Host + "/shop/backend:1f2e3d4"
	push(t, backend)
	first := tag + "@" + push(t, tag)
	frontend := func(result change.Result) string { return result.Staging.Spec.Services["frontend"].Image }
	if got := frontend(w.do(shipped(backend))); got != first {
		t.Errorf("the record has %s, want %s", got, first)
	}
	moved := tag + "@" + push(t, tag)
	if got := frontend(w.do(staging.Action{Verb: staging.Regenerate, Name: "login"})); got != first {
		t.Errorf("regenerate made %s of %s", got, first)
	}
	if got := frontend(w.do(shipped(backend))); got != moved {
		t.Errorf("after the next deploy the record has %s, want %s", got, moved)
	}
}

// A verb that ships an image which was not checked before checks it. Sleep, wake and restart
// ship none, and a registry is not queried for images that the staging has already.
func TestEveryVerbChecksItsNewImages(t *testing.T) {
	for name, tt := range map[string]struct {
		path, old, new string
		ships          []staging.Action
	}{
		"a sidecar": {"templates/shop/frontend.yaml", "      containers:\n", "      initContainers:\n        - {name: wait, image: HOST/shop/wait:gone}\n      containers:\n", []staging.Action{
			{Verb: staging.Set, Name: "login", Set: map[string]string{"LOG_LEVEL": "debug"}}, {Verb: staging.Unset, Name: "login", Unset: []string{"backend.replicas"}},
			{Verb: staging.Regenerate, Name: "login"},
		}},
		"a default image": {project.File, "shop/frontend:main", "shop/frontend:gone", []staging.Action{{Verb: staging.Regenerate, Name: "login"}}},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := asking(t, project.EngineKustomize, project.OutputRendered, "{check: exists}")
			image := r.Host + "/shop/backend:1f2e3d4"
			push(t, image)
			w.do(shipped(image))
			w.do(staging.Action{Verb: staging.Set, Name: "login", Set: map[string]string{"backend.replicas": "2"}})
			w.replace(tt.path, tt.old, strings.ReplaceAll(tt.new, "HOST", r.Host))
			queries := r.Queries()
			for _, verb := range []staging.Verb{staging.Archive, staging.Restore, staging.Restart} {
				w.do(staging.Action{Verb: verb, Name: "login"})
			}
			if n := r.Queries() - queries; n != 0 {
				t.Errorf("%d queries for images that run already", n)
			}
			for _, a := range tt.ships {
				if err := w.refused(a); !change.IsImagePending(err) || !strings.HasSuffix(staging.ProblemsOf(err)[0].Image, ":gone") {
					t.Errorf("%s: %v", a.Verb, err)
				}
			}
			all := change.RegenerateRequest{By: ada}
			result, err := w.Regenerate(t.Context(), all)
			if err != nil || result.Changed || result.Failed() != 1 || !change.IsImagePending(result.Items[0].Err) {
				t.Fatalf("regenerate: %+v, %v", result, err)
			}
			push(t, staging.ProblemsOf(result.Items[0].Err)[0].Image)
			if result, err := w.Regenerate(t.Context(), all); err != nil || !result.Changed || result.Failed() != 0 {
				t.Errorf("regenerate with the image: %+v, %v", result, err)
			}
		})
	}
}

// pin: digest holds for a default image that regenerate brings.
func TestRegeneratePinsANewDefaultImage(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{pin: digest}")
	backend := r.Host + "/shop/backend:1f2e3d4"
	push(t, backend)
	w.do(shipped(backend))
	for tag, regenerate := range map[string]func() error{
		"one": func() error { _, err := w.Regenerate(t.Context(), change.RegenerateRequest{By: ada}); return err },
		"two": func() error {
			_, err := w.Apply(t.Context(), change.Request{Action: staging.Action{Verb: staging.Regenerate, Name: "login"}, By: ada})
			return err
		},
	} {
		image := r.Host + "/shop/frontend:" + tag
		pinned := image + "@" + push(t, image)
		data := string(w.read(project.File))
		from := data[strings.Index(data, "/shop/frontend:"):]
		w.replace(project.File, from[:strings.Index(from, "\n")], "/shop/frontend:"+tag)
		if err := regenerate(); err != nil {
			t.Fatal(err)
		}
		if got := w.record("login").Spec.Services["frontend"].Image; got != pinned {
			t.Errorf("the record has %s, want %s", got, pinned)
		}
	}
}
