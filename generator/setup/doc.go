// Package setup writes a new env repo: the sample project, or a project around
// manifests that were not written for Octopod.
package setup
