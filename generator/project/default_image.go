package project

import (
	"fmt"
	"strings"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// NewDefaultImages returns the images that a deploy turns into the project's default
// images: those of services whose default branch it deploys. A service without a
// default image gets none.
func (p *Project) NewDefaultImages(s staging.Staging, a staging.Action) map[string]string {
	images := map[string]string{}
	for name := range a.Images {
		declared, deployed := p.Spec.Services[name], s.Spec.Services[name]
		if declared.Image != "" && declared.Image != deployed.Image && deployed.Branch == "" && declared.DefaultBranch == s.Spec.Branch {
			images[name] = deployed.Image
		}
	}
	return images
}

// SetsDefaults reports whether builds of a branch become default images of services.
func (p *Project) SetsDefaults(branch string) bool {
	for _, service := range p.Spec.Services {
		if service.Image != "" && service.DefaultBranch == branch {
			return true
		}
	}
	return false
}

// DefaultImagesOf returns the images that a staging of a default branch gives to the
// project: those of services whose default branch it runs, where they are not the
// default images already.
func (p *Project) DefaultImagesOf(s staging.Staging) map[string]string {
	images := map[string]staging.Build{}
	for name := range s.Spec.Services {
		images[name] = staging.Build{}
	}
	return p.NewDefaultImages(s, staging.Action{Images: images})
}

// SetDefaultImages changes the default images in octopod.yaml and leaves every other
// byte: people edit this file.
func SetDefaultImages(data []byte, images map[string]string) (*Project, []byte, error) {
	for _, name := range sortedKeys(images) {
		var err error
		if data, err = strictyaml.Replace(data, "spec.services."+name+".image", images[name]); err != nil {
			return nil, nil, staging.Errorf(staging.CodeInvalid, "cannot change the default image of %s in %s", name, File).Because(err)
		}
	}
	p, err := Parse(data)
	if err != nil {
		return nil, nil, err
	}
	for name, image := range images {
		if got := p.Spec.Services[name].Image; got != image {
			return nil, nil, fmt.Errorf("%s has %s after setting the default image of %s to %s", File, got, name, image)
		}
	}
	return p, data, nil
}

// ApplyDefaultImages returns the record with new default images for the services that
// run the default image and have follow: true. A pinned staging does not change.
func (p *Project) ApplyDefaultImages(s staging.Staging, images map[string]string) (next staging.Staging, changed bool) {
	next = s.Clone()
	if s.Spec.Pinned != nil || s.Spec.State == staging.Deleting {
		return next, false
	}
	for name, image := range images {
		service := next.Spec.Services[name]
		if p.Spec.Services[name].Follow && service.From == staging.FromDefault && service.Image != image {
			service.Image = image
			next.Spec.Services[name] = service
			changed = true
		}
	}
	return next, changed
}

// HasFollowers reports whether the service of any of these images has follow: true.
func (p *Project) HasFollowers(images map[string]string) bool {
	for name := range images {
		if p.Spec.Services[name].Follow {
			return true
		}
	}
	return false
}

// imageOfAnother returns the service that an image belongs to, if that is another one,
// judging by the default images. Services may share an image.
func (p *Project) imageOfAnother(service, image string) string {
	own := staging.ImageName(p.Spec.Services[service].Image)
	if own == "" || own == staging.ImageName(image) {
		return ""
	}
	for _, other := range p.ServiceNames() {
		if staging.ImageName(p.Spec.Services[other].Image) == staging.ImageName(image) {
			return other
		}
	}
	return ""
}

// pins reports whether an image is the declared one, pinned to its digest.
func (p *Project) pins(declared, image string) bool {
	return p.Spec.Images.Pin == PinDigest && strings.HasPrefix(image, declared+"@")
}
