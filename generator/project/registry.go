package project

import "slices"

// ChecksImages reports whether a deploy queries the registries of its images.
func (p *Project) ChecksImages() bool { return p.Spec.Images.asksRegistry() }

// KnowsRegistry reports whether octopod.yaml lists the registry of an image. A user with
// the permission to deploy must not be able to make a server call an arbitrary host.
func (p *Project) KnowsRegistry(image string) bool {
	host := RegistryOf(image)
	for _, service := range p.Spec.Services {
		for _, own := range append([]string{service.Image, service.Build}, service.Images...) {
			if own != "" && own != "*" && RegistryOf(own) == host {
				return true
			}
		}
	}
	return slices.ContainsFunc(p.Spec.Images.Registries, func(named string) bool { return canonical(named) == host })
}
