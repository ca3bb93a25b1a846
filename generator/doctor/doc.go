// Package doctor diagnoses an env repo, its repositories and its Argo CD, and
// explains why a branch has a staging or none. It changes nothing.
package doctor
