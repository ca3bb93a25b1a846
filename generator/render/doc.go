// Package render converts the params of a staging into the files of an engine, and
// these files into Kubernetes objects.
//
// Source is pure and returns standard kustomize or standard jsonnet: the stock tools
// and a stock Argo CD build the same objects from it as Renderer.Render. Render reads
// only one revision of the env repo: no disk, network, plugin or environment. It
// rejects a template that needs more, with file and line, and stops a template that
// exceeds the limit of time or memory.
//
// No other package imports kustomize and go-jsonnet.
package render
