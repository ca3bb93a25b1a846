// Package registry asks image registries whether an image is there, and for
// its digest.
//
// It reads manifests alone: it never downloads a layer, writes to a registry,
// runs an image or decides what follows from an answer.
package registry
