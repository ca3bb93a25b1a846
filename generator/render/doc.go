// Package render turns the params of a staging into the files an engine needs,
// and those files into Kubernetes objects.
//
// Source is pure and writes standard kustomize or standard jsonnet: what the
// stock tools and a stock Argo CD build from it is what Renderer.Render gives.
// Render reads one revision of the env repo and nothing else: no disk, no
// network, no plugin, no environment. A template that would reach out is
// refused by name and line; one that loops or swells is stopped by a limit.
//
// The package is the only one that imports kustomize and go-jsonnet.
package render
