// Package notify tells people and programs that a staging changed its state.
//
// A Follower watches views and finds the occasions worth telling: each is told
// once for a version of a staging's record. A Notice puts one into words, as a
// viewer may read them. A Sink sends a Notice to one place: a chat by its
// incoming webhook, mail by SMTP, a program by CloudEvents. An Outbox stands
// before every place: it holds a bounded number of deliveries, tries each again
// for a while, and keeps a place that hangs from holding up any other.
//
// Whatever comes from a branch, a title or a pull request is hostile: a sink
// writes it so that it is read as text, mentions nobody and links nowhere.
//
// Package notify/review does the same for pull requests and commits. Neither
// knows where views come from, nor who decides who is told: that is octopod.yaml
// (project.Notice), and cmd/octopod puts both together.
package notify
