package project

import (
	"slices"
	"strings"

	"octopod/generator/giturl"
)

// Service is one deployable part of the product.
type Service struct {
	// Title of the service in the web UI. Default the name.
	Title string `yaml:"title,omitempty" json:"title,omitempty"`
	// Repository of the application, for example github.com/acme/backend.
	Repository string `yaml:"repository,omitempty" json:"repository,omitempty"`
	// Default branch of the repository. Default main.
	DefaultBranch string `yaml:"defaultBranch,omitempty" json:"defaultBranch,omitempty"`
	// Default image, for branches without a build of the service: registry/shop/backend:main. A
	// deploy of the default branch updates it.
	Image string `yaml:"image,omitempty" json:"image,omitempty"`
	// Image that CI builds from a commit: registry/shop/backend:{commit}, or {shortCommit} for its
	// first seven digits. A webhook deploys it. Absent: CI deploys its build.
	Build string `yaml:"build,omitempty" json:"build,omitempty"`
	// Repositories of the images that a deploy may bring, without tags: registry/shop/backend-debug,
	// or registry/shop/* (* matches any text; "*" alone allows every image). The repositories of
	// image and build need no entry. A service without image, build and images takes the images
	// beside those of the other services (registry/shop/*), and those of spec.images.registries.
	Images []string `yaml:"images,omitempty" json:"images,omitempty"`
	// Update all stagings with the old default image in the commit that changes the default image.
	// Otherwise each staging gets it with its next deploy.
	Follow bool `yaml:"follow,omitempty" json:"follow,omitempty"`
	// Name of the image in the template. Default the name of the service.
	TemplateImage string `yaml:"templateImage,omitempty" json:"templateImage,omitempty"`
	// Host label with {name}: "{name}" or "api-{name}". Absent: the service has no public address.
	Host string `yaml:"host,omitempty" json:"host,omitempty"`
	// Path of the link to the service, for example /login.
	Path string `yaml:"path,omitempty" json:"path,omitempty"`
}

// ImageOf returns the image that CI builds of a commit; "" if the project does not
// define it, or for an abbreviated commit.
func (s Service) ImageOf(commit string) string {
	const full = 40 // digits; of SHA-256 there are 64
	if s.Build == "" || len(commit) < full {
		return ""
	}
	return strings.NewReplacer("{commit}", commit, "{shortCommit}", commit[:7]).Replace(s.Build)
}

// checkBuild: the image must depend on the commit alone, so that its name is known
// before CI has built it.
func (s Service) checkBuild(c *problems, field string) {
	if s.Build == "" {
		return
	}
	const sample = "1f2e3d4c5b6a79881f2e3d4c5b6a79881f2e3d4c"
	image := s.ImageOf(sample)
	switch {
	case s.Repository == "":
		c.add(field+".build", "requires repository: a push names its repository")
	case strings.ContainsAny(image, "{}"):
		c.add(field+".build", "%q has an unknown placeholder: use {commit} or {shortCommit}", s.Build)
	case !strings.Contains(image, sample[:7]):
		c.add(field+".build", "%q is the same for every commit: write registry.example.com/shop/backend:{commit}", s.Build)
	default:
		c.addError(field+".build", CheckImage(image))
	}
}

// ServicesOf returns the services that a build can be of: the services of the
// repository, and of these the ones with such an image. A repository or image that every
// service shares is ignored.
func (p *Project) ServicesOf(repository, image string) []string {
	built := func(name string) bool {
		declared := p.Spec.Services[name].Repository
		return declared != "" && giturl.SameRepository(declared, repository)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(p.Spec.Services[name].ownImages(), func(own string) bool {
			return own != "*" && Glob(repositoryOf(own), repositoryOf(image))
		})
	}
	candidates := p.ServiceNames()
	for _, fits := range []func(string) bool{built, has} {
		if some := filter(candidates, fits); len(some) > 0 {
			candidates = some
		}
	}
	return candidates
}

func filter(names []string, fits func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !fits(name) })
}
