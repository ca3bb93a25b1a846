package project

import (
	"fmt"
	"regexp"
	"strings"
)

// Images defines the checks of images in their registries before a deploy. check applies
// to every image of the rendered staging, pin to the images of its services.
type Images struct {
	// none (default) or exists: reject a deploy if the registry does not have the image.
	Check ImageCheck `yaml:"check,omitempty" json:"check,omitempty" jsonschema:"enum=none,enum=exists"`
	// Time that a deploy waits for a missing image, such as 10m. Absent: it does not wait.
	Wait Duration `yaml:"wait,omitempty" json:"wait,omitempty"`
	// none (default) or digest: also record the digest of the image, so that a moved tag does not
	// change a staging. The image must exist.
	Pin ImagePin `yaml:"pin,omitempty" json:"pin,omitempty" jsonschema:"enum=none,enum=digest"`
	// Hosts of additional registries that Octopod may call, such as ghcr.io or
	// registry.example.com:5000. It always may call the registries of the services' image, build
	// and images, and no others.
	Registries []string `yaml:"registries,omitempty" json:"registries,omitempty"`
}

// ImageCheck is the check of an image before a deploy.
type ImageCheck string

// The checks.
const (
	CheckNone   ImageCheck = "none"
	CheckExists ImageCheck = "exists"
)

// ImagePin is the kind of pin on the image in a record.
type ImagePin string

// The pins.
const (
	PinNone   ImagePin = "none"
	PinDigest ImagePin = "digest"
)

// dockerHub is the registry of images without a host.
const dockerHub = "docker.io"

// RegistryOf returns the host of the registry of an image. As in docker, the part before
// the first slash is a host if it looks like one.
func RegistryOf(image string) string {
	host, _, found := strings.Cut(image, "/")
	if !found || host != "localhost" && !strings.ContainsAny(host, ".:") {
		return dockerHub
	}
	return canonical(host)
}

// canonical returns a host in the form for comparisons: Docker Hub has two hosts.
func canonical(host string) string {
	host = strings.ToLower(host)
	if host == "index."+dockerHub {
		return dockerHub
	}
	return host
}

// registryHost is a valid result of RegistryOf, including its port.
var registryHost = regexp.MustCompile(`^[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?(?::[0-9]+)?$`)

// asksRegistry reports whether a deploy queries the registries of its images.
func (i Images) asksRegistry() bool { return i.Check == CheckExists || i.Pin == PinDigest }

func (i Images) check(c *problems) {
	for n, host := range i.Registries {
		if !registryHost.MatchString(host) || RegistryOf(host+"/x") != canonical(host) {
			c.add(fmt.Sprintf("spec.images.registries[%d]", n), "%q is not the host of a registry: write ghcr.io or registry.example.com:5000", host)
		}
	}
	if i.Check != CheckNone && i.Check != CheckExists {
		c.add("spec.images.check", "%q is not a check: write none or exists", i.Check)
	}
	if i.Pin != PinNone && i.Pin != PinDigest {
		c.add("spec.images.pin", "%q is not a kind of pin: write none or digest", i.Pin)
	}
	if i.Wait > 0 && !i.asksRegistry() {
		c.add("spec.images.wait", "has no effect without check: exists or pin: digest")
	}
}

// imageReference follows the grammar of the distribution project: an optional
// registry host, path components, an optional tag and an optional digest.
var imageReference = regexp.MustCompile(`^(?:(?:[a-zA-Z0-9](?:[-a-zA-Z0-9.]*[a-zA-Z0-9])?)(?::[0-9]+)?/)?` +
	`[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*` +
	`(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$`)

// CheckImage returns an error unless ref is a full image reference with a tag or digest.
// Without either, a registry would return its current "latest".
func CheckImage(ref string) error {
	m := imageReference.FindStringSubmatch(ref)
	switch {
	case ref == "":
		return fmt.Errorf("is empty: write registry.example.com/shop/backend:1f2e3d4")
	case m == nil:
		return fmt.Errorf("%q is not an image reference: write registry.example.com/shop/backend:1f2e3d4", ref)
	case m[1] == "" && m[2] == "":
		return fmt.Errorf("%q has neither a tag nor a digest: write %s:<tag>", ref, ref)
	}
	return nil
}
