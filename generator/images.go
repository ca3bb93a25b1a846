package generator

import "context"

// Images are the registries that hold what CI built.
type Images interface {
	// Digest gives what an image reference stands for now: "sha256:" and 64 hex
	// digits. The error is CodeNotFound when the image is not there (yet),
	// CodeUnauthorized or CodeForbidden when the registry does not let Octopod
	// read it, and CodeUnavailable when the registry cannot be asked.
	Digest(ctx context.Context, image string) (string, error)
}
