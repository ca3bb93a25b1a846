package project

import (
	"fmt"

	"octopod/generator/project/strictyaml"
	"octopod/generator/staging"
)

// NewDefaultImages lists the images that a deploy makes the project's defaults:
// those of services whose default branch it deployed. A service without a
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

// SetDefaultImages changes the default images in octopod.yaml, and not a byte more:
// the file belongs to people.
func SetDefaultImages(data []byte, images map[string]string) (*Project, []byte, error) {
	for _, name := range sortedKeys(images) {
		var err error
		if data, err = strictyaml.Replace(data, "spec.services."+name+".image", images[name]); err != nil {
			return nil, nil, staging.Errorf(staging.CodeInvalid, "the default image of %s cannot be changed in %s", name, File).Because(err)
		}
	}
	p, err := Parse(data)
	if err != nil {
		return nil, nil, err
	}
	for name, image := range images {
		if got := p.Spec.Services[name].Image; got != image {
			return nil, nil, fmt.Errorf("%s says %s after the default image of %s became %s", File, got, name, image)
		}
	}
	return p, data, nil
}

// ApplyDefaultImages gives the record with new default images, where it runs the default
// and the service is one that follows. A pinned staging stays as it is.
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

// HasFollowers tells whether stagings follow one of these images.
func (p *Project) HasFollowers(images map[string]string) bool {
	for name := range images {
		if p.Spec.Services[name].Follow {
			return true
		}
	}
	return false
}
