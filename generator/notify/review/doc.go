// Package review shows a staging where its branch lives: as one comment of a pull
// request, kept up to date, as a status of a commit, and as a deployment.
//
// What is there already is read first, and only what differs is written, so that
// a restart, a second server and a second attempt change nothing. A comment is
// known by a line that nobody sees.
//
// SightOf is pure: it says what is to be shown of a view. A Forge is one host. It
// knows neither who is asked nor when: that is octopod.yaml and cmd/octopod.
package review
