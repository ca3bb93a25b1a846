// Package branch reads the metadata of a branch from a CI run, a git work tree or a
// webhook: branch, commit, repository, pull request, person and CI run.
//
// It knows the variables of each CI system, the fields of each webhook, and how to
// verify the sender of a webhook. Environment, files, headers and bodies are
// arguments: the package never runs git and never accesses the network. It leaves
// an unknown value empty and reports the reason: a guess would deploy to another
// person's staging.
package branch
