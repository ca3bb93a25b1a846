// Package notify sends notifications when a staging changes its state.
//
// A Tracker compares views and returns the events to report: each once for a version
// of a staging's record. A Notice describes an event with the fields that a viewer
// may read. A Sink sends a Notice to one destination: a chat by its incoming
// webhook, mail by SMTP, a program by CloudEvents. An Outbox queues the deliveries of
// one destination: it bounds their number and retries them for a while, and a
// destination that hangs does not delay any other.
//
// Text from a branch, a title or a pull request is hostile: a sink escapes it, so
// that it is plain text without mentions or links.
//
// Package notify/review reports to pull requests and commits. Neither package knows
// the source of the views or the recipients: octopod.yaml selects the recipients
// (project.Notice), and generator/server connects both.
package notify
