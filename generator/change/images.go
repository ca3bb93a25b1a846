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

// Rules of a deploy whose images are checked in their registries.
const (
	RuleImageMissing = "image-missing"
	RuleImageUnknown = "image-unknown" // the registry cannot be queried
	ruleRegistry     = "image-registry"
)

// IsImagePending reports whether a deploy was rejected because of images that CI
// may still push.
func IsImagePending(err error) bool {
	return slices.ContainsFunc(staging.ProblemsOf(err), func(p staging.Problem) bool {
		return p.Rule == RuleImageMissing || p.Rule == RuleImageUnknown
	})
}

// resolveImages returns the deploy with the digests of its images, where
// octopod.yaml pins them. unchecked are the images without an entry in digests: the
// deploy needs queryRegistries for them first.
func (w *Writer) resolveImages(p *project.Project, a staging.Action, digests map[string]string) (resolved staging.Action, unchecked []string, err error) {
	if !w.checksImages(p, a) || len(a.Images) == 0 {
		return a, nil, nil
	}
	for name, build := range a.Images {
		if !p.AllowsImage(name, build.Image) {
			return a, nil, nil // Project.Apply rejects the deploy
		}
	}
	if err := checkRegistries(p, imagesOf(a), "; --no-image-check skips this check"); err != nil {
		return a, nil, err
	}
	builds := maps.Clone(a.Images)
	for name, build := range builds {
		if project.CheckImage(build.Image) != nil {
			continue // Project.Apply reports the invalid reference
		}
		digest, checked := digests[build.Image]
		if !checked {
			unchecked = append(unchecked, build.Image)
		}
		if p.Spec.Images.Pin == project.PinDigest && !strings.Contains(build.Image, "@") {
			build.Image += "@" + digest
			builds[name] = build
		}
	}
	slices.Sort(unchecked)
	a.Images = builds
	return a, slices.Compact(unchecked), nil
}

func imagesOf(a staging.Action) []string {
	var images []string
	for _, build := range a.Images {
		images = append(images, build.Image)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// checkRegistries rejects images of registries that octopod.yaml does not list.
// moreHint ends the error's hint.
func checkRegistries(p *project.Project, images []string, moreHint string) error {
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
			Message: fmt.Sprintf("%s does not list the registry %s of %s", project.File, host, image),
		})
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(hosts)
	return &staging.Error{
		Code: staging.CodeInvalid, Message: "images of this deploy are in a registry that the project does not use", Problems: problems,
		Technical: true, Hint: fmt.Sprintf("add %s to spec.images.registries in %s", strings.Join(slices.Compact(hosts), ", "), project.File) + moreHint,
	}
}

// maxQueries limits concurrent queries of registries.
const maxQueries = 8

// queryRegistries queries the registries for images in parallel and adds their
// digests. The error lists every image that is missing.
func (w *Writer) queryRegistries(ctx context.Context, a staging.Action, images []string, digests map[string]string) error {
	found, errs := w.queryEach(ctx, images)
	for i, image := range images {
		digests[image] = found[i]
	}
	return imageError(a, images, errs)
}

// queryEach queries the registries for images in parallel.
func (w *Writer) queryEach(ctx context.Context, images []string) (digests []string, errs []error) {
	digests, errs = make([]string, len(images)), make([]error, len(images))
	var group errgroup.Group
	group.SetLimit(maxQueries)
	for i, image := range images {
		group.Go(func() error {
			digests[i], errs[i] = w.Images.Digest(ctx, image)
			return nil
		})
	}
	_ = group.Wait() // each image has its own error
	return digests, errs
}

// imageError joins the errors of registries. An error that retrying cannot fix
// comes first.
func imageError(a staging.Action, images []string, errs []error) error {
	var missing, unknown []staging.Problem
	for i, err := range errs {
		switch staging.CodeOf(err) {
		case staging.CodeNotFound:
			missing = append(missing, staging.Problem{Field: fieldOf(a, images[i]), Message: err.Error(), Rule: RuleImageMissing, Image: images[i]})
		case staging.CodeUnavailable:
			unknown = append(unknown, staging.Problem{Field: fieldOf(a, images[i]), Message: err.Error(), Rule: RuleImageUnknown, Image: images[i]})
		default:
			if err != nil {
				return fmt.Errorf("checking the image: %w", err)
			}
		}
	}
	what, hint := "change", "`octopod lint` checks "+project.File+" and the templates"
	if bringsBuilds(a.Verb) {
		what, hint = "deploy", "--no-image-check skips this check"
	}
	switch {
	case len(unknown) > 0:
		return &staging.Error{
			Code: staging.CodeUnavailable, Message: "cannot check whether the images of this " + what + " exist", Problems: append(missing, unknown...), Technical: true, Hint: hint,
		}
	case len(missing) > 0:
		return &staging.Error{
			Code: staging.CodeInvalid, Message: "images of this " + what + " do not exist", Problems: missing,
			Technical: true, Hint: "push them first; with spec.images.wait in " + project.File + " a deploy waits for its images; " + hint,
		}
	}
	return nil
}

// fieldOf returns where an image comes from: the deploy, or else octopod.yaml and the
// template.
func fieldOf(a staging.Action, image string) string {
	for _, build := range a.Images {
		if build.Image == image {
			return "--image"
		}
	}
	return "image of the template"
}
