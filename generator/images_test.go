package generator_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/change"
	"octopod/generator/project"
	"octopod/generator/registry"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// asking returns a fixture with the sample project. Its deploys query a registry that
// octopod.yaml lists.
func asking(t *testing.T, engine project.Engine, output project.Output, policy string) (*fixture, *testenv.Registry) {
	t.Helper()
	w := shop(t, engine, output)
	renderer := newRenderer(t)
	w.Stagings = generator.New(generator.Parts{
		Repo: w.repo, Renderer: renderer, ArgoCD: argocd.Manifests, Now: w.Now, Images: registry.New(registry.Options{}),
	})
	data, err := w.tip().ReadFile(project.File)
	if err != nil {
		t.Fatal(err)
	}
	r := testenv.ServeRegistry(t)
	policy = strings.Replace(policy, "{", "{registries: ["+r.Host+", 127.0.0.1:1], ", 1)
	// The services allow every image: these tests are about registries.
	data = bytes.Replace(data, []byte("      title: Backend\n"), []byte("      title: Backend\n      images: [\"*\"]\n"), 1)
	data = bytes.Replace(data, []byte("      title: Shop\n"), []byte("      title: Shop\n      images: [\"*\"]\n"), 1)
	data = bytes.ReplaceAll(data, []byte("registry.example.com/"), []byte(r.Host+"/"))
	push(t, r.Host+"/shop/backend:main")
	push(t, r.Host+"/shop/frontend:main")
	w.write(staging.File{Path: project.File, Data: append(data, "  images: "+policy+"\n"...)})
	return w, r
}

// shipped returns a deploy of the branch feature/login with an image.
func shipped(image string) staging.Action {
	return staging.Action{Verb: staging.Deploy, Branch: "feature/login", Images: map[string]staging.Build{"backend": {Image: image}}}
}

func push(t testing.TB, image string) (digest string) {
	t.Helper()
	digest, err := testenv.Push(image)
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func TestAnImageThatIsNotThereIsNotDeployed(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	image := r.Host + "/shop/backend:1f2e3d4"
	err := w.refused(shipped(image))
	if staging.CodeOf(err) != staging.CodeInvalid || !change.IsImagePending(err) || !strings.Contains(err.Error(), image) {
		t.Errorf("got %s: %v", staging.CodeOf(err), err)
	}
	if hint := staging.HintOf(err); !strings.Contains(hint, "--no-image-check") {
		t.Errorf("the hint is %q", hint)
	}
	push(t, image)
	if got := w.do(shipped(image)).Staging.Spec.Services["backend"].Image; got != image {
		t.Errorf("the record has %s, want it as it was deployed", got)
	}
}

// queries are image registries that hold every image. They record each query and, at
// the first, run a change of somebody else.
type queries struct {
	images    []string
	meanwhile func()
}

func (q *queries) Digest(_ context.Context, image string) (string, error) {
	if q.images = append(q.images, image); len(q.images) == 1 {
		q.meanwhile()
	}
	return "sha256:" + strings.Repeat("0", 64), nil
}

// While a deploy queries registries nothing holds the env repo, so its staging may
// change. The deploy then queries the images that only the second plan needs.
func TestAStagingChangesWhileRegistriesAreQueried(t *testing.T) {
	w := shop(t, project.EngineKustomize, project.OutputSource)
	q := &queries{}
	w.Stagings = generator.New(generator.Parts{Repo: w.repo, Renderer: newRenderer(t), ArgoCD: argocd.Manifests, Now: w.Now, Images: q})
	data := append(w.read(project.File), "  images: {registries: [registry.example.com], check: exists}\n"...)
	w.write(staging.File{Path: project.File, Data: data})
	deploy := func(service, tag string, run int, more func(*staging.Action)) staging.Action {
		a := built("feature/login", service, tag, run)
		more(&a)
		return a
	}
	unchecked := func(a *staging.Action) { a.NoImageCheck = true }
	w.do(deploy("backend", "new", 2, unchecked))
	q.meanwhile = func() {
		w.do(deploy("backend", "old", 1, func(a *staging.Action) { a.NoImageCheck, a.Force = true, true }))
	}
	both := deploy("backend", "old", 1, func(a *staging.Action) {
		a.Images["frontend"] = built("feature/login", "frontend", "f1", 1).Images["frontend"]
	})
	r := w.do(both)
	frontend, backend := both.Images["frontend"].Image, both.Images["backend"].Image
	if want := []string{frontend, backend}; !slices.Equal(q.images, want) {
		t.Errorf("queried %v, want %v", q.images, want)
	}
	if got := r.Staging.Spec.Services; got["frontend"].Image != frontend || got["backend"].Image != backend {
		t.Errorf("the record has %+v", got)
	}
}

func TestEveryMissingImageIsNamed(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	a := shipped(r.Host + "/shop/backend:1")
	a.Images["frontend"] = staging.Build{Image: r.Host + "/shop/frontend:2"}
	if problems := staging.ProblemsOf(w.refused(a)); len(problems) != 2 {
		t.Errorf("got %v", problems)
	}
}

func TestInAHurryNoRegistryIsAsked(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists, pin: digest}")
	a := shipped(r.Host + "/shop/backend:1f2e3d4")
	a.NoImageCheck = true
	w.do(a)
	if n := r.Queries(); n != 0 {
		t.Errorf("the registry was queried %d times", n)
	}
}

func TestWithoutAPolicyNoRegistryIsAsked(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: none}")
	w.do(shipped(r.Host + "/shop/backend:1f2e3d4"))
	if n := r.Queries(); n != 0 {
		t.Errorf("the registry was queried %d times", n)
	}
}

func TestARegistryOutOfReach(t *testing.T) {
	w, _ := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	err := w.refused(shipped("127.0.0.1:1/shop/backend:1"))
	if staging.CodeOf(err) != staging.CodeUnavailable || !change.IsImagePending(err) {
		t.Errorf("got %s: %v", staging.CodeOf(err), err)
	}
}

// With either engine, the record and every manifest name the pinned image. Repeating
// the deploy finds the same digest and changes nothing. A moved tag is another image.
func TestAnImageIsPinnedToItsDigest(t *testing.T) {
	for _, c := range []struct {
		engine project.Engine
		output project.Output
	}{
		{project.EngineKustomize, project.OutputSource}, {project.EngineKustomize, project.OutputRendered}, {project.EngineJsonnet, project.OutputSource},
	} {
		t.Run(string(c.engine)+" "+string(c.output), func(t *testing.T) {
			w, r := asking(t, c.engine, c.output, "{pin: digest}")
			tag := r.Host + "/shop/backend:main"
			want := tag + "@" + push(t, tag)
			if got := w.do(shipped(tag)).Staging.Spec.Services["backend"].Image; got != want {
				t.Errorf("the record has %s, want %s", got, want)
			}
			objects, err := w.Manifests(t.Context(), "login", "")
			if err != nil {
				t.Fatal(err)
			}
			if images, err := staging.RunningImages(objects); err != nil || !strings.Contains(strings.Join(images, " "), want) {
				t.Errorf("the workloads run %v, %v; want %s", images, err, want)
			}
			if again := w.do(shipped(tag)); again.Changed {
				t.Errorf("the same deploy again changed %v", again.Changes)
			}
			moved := tag + "@" + push(t, tag)
			if got := w.do(shipped(tag)); !got.Changed || got.Staging.Spec.Services["backend"].Image != moved {
				t.Errorf("after the tag moved the record has %s, want %s", got.Staging.Spec.Services["backend"].Image, moved)
			}
		})
	}
}

// An image deployed by its digest is recorded as written.
func TestADigestIsNotPinnedTwice(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{pin: digest}")
	image := r.Host + "/shop/backend@" + push(t, r.Host+"/shop/backend:1")
	if got := w.do(shipped(image)).Staging.Spec.Services["backend"].Image; got != image {
		t.Errorf("the record has %s, want %s", got, image)
	}
}

// A deploy cannot make the server query any host: octopod.yaml lists the registries.
func TestARegistryThatNobodyNamedIsNotAsked(t *testing.T) {
	w, _ := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	stranger := testenv.ServeRegistry(t)
	image := stranger.Host + "/shop/backend:1f2e3d4"
	push(t, image)
	before := stranger.Requests()
	err := w.refused(shipped(image))
	if staging.CodeOf(err) != staging.CodeInvalid || change.IsImagePending(err) || !strings.Contains(err.Error(), image) {
		t.Errorf("got %s: %v", staging.CodeOf(err), err)
	}
	if want := "add " + stranger.Host + " to spec.images.registries in octopod.yaml"; !strings.Contains(staging.HintOf(err), want) {
		t.Errorf("the hint is %q, want %q", staging.HintOf(err), want)
	}
	hurry := shipped(image)
	hurry.NoImageCheck = true
	w.do(hurry)
	if n := stranger.Requests() - before; n != 0 {
		t.Errorf("it was queried %d times", n)
	}
}

// A deploy of a default branch writes octopod.yaml. It cannot add a registry, not even
// with --no-image-check.
func TestADeployNamesNoNewRegistry(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	a := shipped("evil.example.com/shop/backend:1")
	a.Branch, a.NoImageCheck = "main", true
	err := w.refused(a)
	if staging.CodeOf(err) != staging.CodeInvalid || !strings.Contains(staging.HintOf(err), "add evil.example.com to") {
		t.Errorf("got %s: %v (%s)", staging.CodeOf(err), err, staging.HintOf(err))
	}
	a.Images["backend"] = staging.Build{Image: r.Host + "/shop/backend:1"}
	w.do(a)
}

// Octopod parses the reference to decide which host to query. The registry client must
// parse the same host from it.
func TestTheRegistryThatIsReadIsTheOneThatIsAsked(t *testing.T) {
	for _, image := range []string{
		"backend:1", "shop/backend:1", "localhost/backend:1", "localhost:5000/backend:1", "local/host/backend:1", "ghcr.io/backend:1",
		"docker.io/backend:1", "index.docker.io/shop/backend:1", "registry:5000/a.b/backend:1", "a.b/c.d/backend:1", "a.b:1", "127.1/x:1", "0x7f.1:80/x:1",
		"a.b/x:1@sha256:" + strings.Repeat("a", 64), "shop/x@sha256:" + strings.Repeat("a", 64), "a-b/c:1", "a..b/c:1",
	} {
		if project.CheckImage(image) != nil {
			t.Errorf("%s is no image", image)
		}
		ref, err := name.ParseReference(image)
		if err != nil {
			continue // no host is queried
		}
		if got, want := project.RegistryOf(image), strings.TrimPrefix(ref.Context().RegistryStr(), "index."); got != want {
			t.Errorf("%s: %s was parsed, and %s is queried", image, got, want)
		}
	}
}
