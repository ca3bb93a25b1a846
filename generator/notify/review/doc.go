// Package review reports a staging to the forge of its branch: as one comment of a
// pull request, kept up to date, as a commit status, and as a deployment.
//
// It reads the present state first and writes only differences, so that a restart, a
// second server and a retry change nothing. An invisible line marks the comment.
//
// ReportOf is pure: it returns the report of a view. A Forge is the client of one
// host. octopod.yaml and generator/server decide what to report and when.
package review
