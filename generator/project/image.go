package project

import (
	"fmt"
	"regexp"
)

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
