package generator_test

import (
	"strings"
	"testing"

	"octopod/generator"
	"octopod/generator/argocd"
	"octopod/generator/project"
	"octopod/generator/registry"
	"octopod/generator/staging"
	"octopod/generator/testenv"
)

// asking makes a world with the sample project, whose deploys ask a registry.
func asking(t *testing.T, engine project.Engine, output project.Output, policy string) (*world, *testenv.Registry) {
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
	w.write(staging.File{Path: project.File, Data: append(data, "  images: "+policy+"\n"...)})
	return w, testenv.ServeRegistry(t)
}

// shipped deploys the branch feature/login with an image.
func shipped(image string) staging.Action {
	return staging.Action{Verb: staging.Deploy, Branch: "feature/login", Images: map[string]staging.Build{"backend": {Image: image}}}
}

func push(t *testing.T, image string) (digest string) {
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
	if staging.CodeOf(err) != staging.CodeInvalid || !generator.AwaitsImages(err) || !strings.Contains(err.Error(), image) {
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
	if n := r.Asked(); n != 0 {
		t.Errorf("the registry was asked %d times", n)
	}
}

func TestWithoutAPolicyNoRegistryIsAsked(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{check: none}")
	w.do(shipped(r.Host + "/shop/backend:1f2e3d4"))
	if n := r.Asked(); n != 0 {
		t.Errorf("the registry was asked %d times", n)
	}
}

func TestARegistryOutOfReach(t *testing.T) {
	w, _ := asking(t, project.EngineKustomize, project.OutputSource, "{check: exists}")
	err := w.refused(shipped("127.0.0.1:1/shop/backend:1"))
	if staging.CodeOf(err) != staging.CodeUnavailable || !generator.AwaitsImages(err) {
		t.Errorf("got %s: %v", staging.CodeOf(err), err)
	}
}

// A pinned image is what the record and every manifest name, with either
// engine; the same deploy again finds the same digest and changes nothing; a tag
// that was moved is another image.
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

// What is deployed by its digest stays as it is written.
func TestADigestIsNotPinnedTwice(t *testing.T) {
	w, r := asking(t, project.EngineKustomize, project.OutputSource, "{pin: digest}")
	image := r.Host + "/shop/backend@" + push(t, r.Host+"/shop/backend:1")
	if got := w.do(shipped(image)).Staging.Spec.Services["backend"].Image; got != image {
		t.Errorf("the record has %s, want %s", got, image)
	}
}
