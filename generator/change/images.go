package change

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"octopod/generator/project"
	"octopod/generator/staging"
)

// Images are the registries that hold what CI built.
type Images interface {
	// Digest gives what an image reference stands for now: "sha256:" and 64 hex
	// digits. The error is CodeNotFound when the image is not there (yet),
	// CodeUnauthorized or CodeForbidden when the registry does not let Octopod
	// read it, and CodeUnavailable when the registry cannot be asked.
	Digest(ctx context.Context, image string) (string, error)
}

// Rules of a deploy that asks registries.
const (
	RuleImageMissing = "image-missing"
	RuleImageUnknown = "image-unknown" // the registry cannot be asked
	ruleRegistry     = "image-registry"
)

// IsImagePending tells whether a deploy was refused for images that may still come.
func IsImagePending(err error) bool {
	return slices.ContainsFunc(staging.ProblemsOf(err), func(p staging.Problem) bool {
		return p.Rule == RuleImageMissing || p.Rule == RuleImageUnknown
	})
}

// unasked ends the working out of a deploy whose images the registries must be
// asked for first. Nobody waits for a registry while others wait to commit.
type unasked struct{ images []string }

func (unasked) Error() string { return "the registries were not asked for the images yet" }

// settleImages gives a deploy with what the registries said of its images.
func (g *Writer) settleImages(p *project.Project, r Request, a staging.Action) (staging.Action, error) {
	if g.Images == nil || !p.ChecksImages() || a.NoImageCheck || len(a.Images) == 0 {
		return a, nil
	}
	if err := named(p, imagesOf(a), "; --no-image-check deploys it all the same"); err != nil {
		return a, err
	}
	builds, missing := maps.Clone(a.Images), []string{}
	for name, build := range builds {
		if project.CheckImage(build.Image) != nil {
			continue // the project says what is wrong with it
		}
		digest, asked := r.digests[build.Image]
		if !asked {
			missing = append(missing, build.Image)
		}
		if p.Spec.Images.Pin == project.PinDigest && !strings.Contains(build.Image, "@") {
			build.Image += "@" + digest
			builds[name] = build
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return a, unasked{slices.Compact(missing)}
	}
	a.Images = builds
	return a, nil
}

func imagesOf(a staging.Action) []string {
	var images []string
	for _, build := range a.Images {
		images = append(images, build.Image)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// named refuses images of registries that octopod.yaml does not name.
func named(p *project.Project, images []string, otherwise string) error {
	var problems []staging.Problem
	var hosts []string
	for _, image := range images {
		if project.CheckImage(image) != nil || p.KnowsRegistry(image) {
			continue
		}
		host := project.RegistryOf(image)
		hosts = append(hosts, host)
		problems = append(problems, staging.Problem{
			Field: "--image", Rule: ruleRegistry,
			Message: fmt.Sprintf("%s does not name the registry %s, so it is not asked for %s", project.File, host, image),
		})
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(hosts)
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "what is to be deployed is in a registry that is not the project's", Problems: problems,
		Hint: fmt.Sprintf("add %s to spec.images.registries in %s", strings.Join(slices.Compact(hosts), ", "), project.File) + otherwise,
	}
}

// imagesAtOnce bounds the questions under way together.
const imagesAtOnce = 8

// digests asks for images side by side. Every one that is missing is named.
func (g *Writer) digests(ctx context.Context, images []string) (map[string]string, error) {
	found, faults := make([]string, len(images)), make([]error, len(images))
	var work errgroup.Group
	work.SetLimit(imagesAtOnce)
	for i, image := range images {
		work.Go(func() error {
			found[i], faults[i] = g.Images.Digest(ctx, image)
			return nil
		})
	}
	_ = work.Wait() // each has its own error
	digests := map[string]string{}
	for i, image := range images {
		digests[image] = found[i]
	}
	return digests, notThere(faults)
}

// notThere sums up what registries said. What no waiting mends comes first.
func notThere(faults []error) error {
	var missing, unknown []staging.Problem
	for _, err := range faults {
		switch staging.CodeOf(err) {
		case staging.CodeNotFound:
			missing = append(missing, staging.Problem{Field: "--image", Message: err.Error(), Rule: RuleImageMissing})
		case staging.CodeUnavailable:
			unknown = append(unknown, staging.Problem{Field: "--image", Message: err.Error(), Rule: RuleImageUnknown})
		default:
			if err != nil {
				return fmt.Errorf("looking for the image: %w", err)
			}
		}
	}
	const hint = "--no-image-check deploys it all the same"
	switch {
	case len(unknown) > 0:
		return &staging.Error{
			Code: staging.CodeUnavailable, Message: "nobody knows whether what is to be deployed is there", Problems: append(missing, unknown...), Hint: hint,
		}
	case len(missing) > 0:
		return &staging.Error{
			Code: staging.CodeInvalid, Message: "what is to be deployed is not there", Problems: missing,
			Hint: "push it first; with spec.images.wait in " + project.File + " a deploy waits for it; " + hint,
		}
	}
	return nil
}
