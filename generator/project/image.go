package project

import (
	"fmt"
	"regexp"
)

// Images says what is asked of the registries before a deploy: of the images
// that it brings, not of the project's default images.
type Images struct {
	// none (default) or exists: a deploy of an image that its registry does not have is refused.
	Check ImageCheck `yaml:"check,omitempty" json:"check,omitempty" jsonschema:"enum=none,enum=exists"`
	// How long a deploy waits for an image that is not there yet, such as 10m. Absent: not at all.
	Wait Duration `yaml:"wait,omitempty" json:"wait,omitempty"`
	// none (default) or digest: the record names the image by its digest too, so that a tag which is
	// moved later moves no staging. Such an image must exist.
	Pin ImagePin `yaml:"pin,omitempty" json:"pin,omitempty" jsonschema:"enum=none,enum=digest"`
}

// ImageCheck is what must be true of an image before it is deployed.
type ImageCheck string

// What may be checked.
const (
	CheckNone   ImageCheck = "none"
	CheckExists ImageCheck = "exists"
)

// ImagePin is what a record holds an image to.
type ImagePin string

// How an image may be pinned.
const (
	PinNone   ImagePin = "none"
	PinDigest ImagePin = "digest"
)

// AsksRegistries tells whether a deploy asks for its images first.
func (p *Project) AsksRegistries() bool {
	return p.Spec.Images.Check == CheckExists || p.Spec.Images.Pin == PinDigest
}

func (p *Project) checkImages(c *faults) {
	i := p.Spec.Images
	if i.Check != CheckNone && i.Check != CheckExists {
		c.add("spec.images.check", "%q is no check: write none or exists", i.Check)
	}
	if i.Pin != PinNone && i.Pin != PinDigest {
		c.add("spec.images.pin", "%q is no way to pin: write none or digest", i.Pin)
	}
	if i.Wait > 0 && !p.AsksRegistries() {
		c.add("spec.images.wait", "waits for nothing: write check: exists, or pin: digest, beside it")
	}
}

// imageReference follows the grammar of the distribution project: an optional
// registry host, path components, an optional tag and an optional digest.
var imageReference = regexp.MustCompile(`^(?:(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?)(?::[0-9]+)?/)?` +
	`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*` +
	`(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

// CheckImage tells whether ref is a full image reference with a tag or digest.
// Without either, a registry would answer with whatever "latest" is today.
func CheckImage(ref string) error {
	m := imageReference.FindStringSubmatch(ref)
	switch {
	case ref == "":
		return fmt.Errorf("is empty: give registry.example.com/shop/backend:1f2e3d4")
	case m == nil:
		return fmt.Errorf("%q is no image reference: write registry.example.com/shop/backend:1f2e3d4", ref)
	case m[1] == "" && m[2] == "":
		return fmt.Errorf("%q names neither tag nor digest: write %s:<tag>", ref, ref)
	}
	return nil
}
