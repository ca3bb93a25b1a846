package project

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"octopod/generator/staging"
)

// AllowsImage reports whether a service takes an image. A user with the permission to
// deploy must not be able to run any program of the world in the namespaces of the
// project. Records are not checked: an image was allowed when it was deployed.
func (p *Project) AllowsImage(service, image string) bool {
	repository := repositoryOf(image)
	return slices.ContainsFunc(p.allowedImages(service), func(pattern string) bool {
		return pattern == "*" || Glob(repositoryOf(pattern), repository)
	})
}

// allowedImages returns the repositories whose images a service takes, as patterns. A
// service that names none takes the images beside those of the other services, and those
// of spec.images.registries.
func (p *Project) allowedImages(service string) []string {
	patterns := p.Spec.Services[service].ownImages()
	if len(patterns) == 0 {
		for _, other := range p.Spec.Services {
			for _, own := range other.ownImages() {
				if own != "*" {
					patterns = append(patterns, path.Dir(repositoryOf(own))+"/*")
				}
			}
		}
		for _, host := range p.Spec.Images.Registries {
			patterns = append(patterns, host+"/*")
		}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}

// ownImages returns the repositories of the service's image and build, and its images.
func (s Service) ownImages() []string {
	patterns := slices.Clone(s.Images)
	for _, own := range []string{s.Image, builtImage.Replace(s.Build)} {
		if own != "" {
			patterns = append(patterns, staging.ImageName(own))
		}
	}
	return patterns
}

// builtImage makes a pattern of the image that CI builds.
var builtImage = strings.NewReplacer("{commit}", "*", "{shortCommit}", "*")

// repositoryOf returns the full name of an image's repository, without tag and digest:
// nginx is docker.io/library/nginx.
func repositoryOf(image string) string {
	name, host := staging.ImageName(image), RegistryOf(image)
	if first, rest, found := strings.Cut(name, "/"); found && (first == "localhost" || strings.ContainsAny(first, ".:")) {
		name = rest
	}
	if host == dockerHub && !strings.Contains(name, "/") {
		name = "library/" + name
	}
	return host + "/" + name
}

// checkAllowed adds a problem for an image that a service does not take, with the entry
// that would allow it.
func (p *Project) checkAllowed(c *problems, service, image string) {
	if CheckImage(image) != nil || p.AllowsImage(service, image) {
		return
	}
	takes := "none"
	if patterns := p.allowedImages(service); len(patterns) > 0 {
		takes = strings.Join(patterns, ", ")
	}
	c.add("--image", "service %s does not take the image %s (it takes: %s); to allow it, add %q to spec.services.%s.images in %s",
		service, image, takes, staging.ImageName(image), service, File)
}

// imagePattern is a repository with its registry, in which * stands for any text.
var imagePattern = regexp.MustCompile(`^[a-zA-Z0-9][-a-zA-Z0-9._]*(:[0-9]+)?(/[-a-z0-9._*/]+)?$`)

// checkImages: a * in the host would allow registries of strangers.
func (s Service) checkImages(c *problems, field string) {
	for n, pattern := range s.Images {
		at := fmt.Sprintf("%s.images[%d]", field, n)
		switch {
		case pattern == "*" || imagePattern.MatchString(pattern) && staging.ImageName(pattern) == pattern:
		case strings.Contains(pattern, "@") || staging.ImageName(pattern) != pattern:
			c.add(at, "%q has a tag or a digest: write only the repository, %s", pattern, staging.ImageName(pattern))
		default:
			c.add(at, "%q is not a repository of images: write registry.example.com/shop/backend or registry.example.com/shop/*", pattern)
		}
	}
}
