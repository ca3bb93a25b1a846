package staging_test

import (
	"testing"

	"octopod/generator/staging"
)

func TestImageNameAndTag(t *testing.T) {
	const digest = "@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for _, c := range []struct{ ref, name, tag string }{
		{"registry.example.com:5000/shop/backend:1f2e3d4", "registry.example.com:5000/shop/backend", "1f2e3d4"},
		{"shop/backend:main" + digest, "shop/backend", "main"},
		{"registry.example.com:5000/shop/backend" + digest, "registry.example.com:5000/shop/backend", "0123456"},
		{"registry.example.com:5000/shop/backend", "registry.example.com:5000/shop/backend", "registry.example.com:5000/shop/backend"},
	} {
		if name, tag := staging.ImageName(c.ref), staging.ImageTag(c.ref); name != c.name || tag != c.tag {
			t.Errorf("%s: name %s, tag %s; want %s, %s", c.ref, name, tag, c.name, c.tag)
		}
	}
}
