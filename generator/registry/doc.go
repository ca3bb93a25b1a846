// Package registry reads the digest of an image from its registry, or reports that the
// image does not exist.
//
// It reads only manifests: it never downloads a layer and never writes to a registry.
package registry
