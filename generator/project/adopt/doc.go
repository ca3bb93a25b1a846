// Package adopt reads a project off a base that was not written for Octopod:
// services from workloads and images, hosts from Ingresses, parameters from
// the settings its containers read, and the plain kustomize that ties them to
// a staging. It is pure: rendered objects in, a draft of octopod.yaml and
// files out. What it cannot know it leaves to the reader and says so.
package adopt
