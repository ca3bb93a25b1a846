// Package branch reads what a CI run, a git work tree or a webhook says of the
// branch it is about: branch, commit, repository, pull request, who and which
// run.
//
// It owns the knowledge which variable of which system and which field of which
// webhook means what, and how a webhook proves where it comes from. It is given
// environment, files, headers and bodies as values, and never looks around by
// itself, runs git or asks the network. What it does not know it leaves empty and
// says why: a guess would deploy to somebody else's staging.
package branch
