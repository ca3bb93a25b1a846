// Package branch reads what a CI run, or else a git work tree, says of the
// branch it is about: branch, commit, repository, pull request, who and which
// run.
//
// It owns the knowledge which variable of which system means what. It is given
// the environment and the files as values, and never looks around by itself,
// runs git or asks the network. What it does not know it leaves empty and says
// why: a guess would deploy to somebody else's staging.
package branch
