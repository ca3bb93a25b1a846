// Package adopt drafts a project from manifests that were not written for Octopod. It
// derives services from workloads and images, hosts from Ingresses, parameters from the
// environment of the containers, and the kustomize or jsonnet that connects the
// manifests to Octopod. It is pure: rendered objects in, a draft of octopod.yaml and
// files out. Notes list everything that a person must decide.
package adopt
