// Package generator is the face of Octopod for one env repo: Stagings holds the
// services of all rooms, and Access is the same for one actor, with rights checked
// and hidden fields removed.
//
// The rooms, from the ground up; each asks only those above it in this list:
//
//	rights     what an actor may do and see
//	catalog    what the env repo records; reads only
//	billing    what stagings cost, from the history
//	status     the phase of a staging: record against Argo CD
//	change     from a request to a commit
//	live       watch, feed, wait, refresh
//	lifecycle  sleep, wake, archive, delete: what is due
//	receiver   webhooks: accept, order, carry out, retry
//	setup      a new env repo
//	doctor     diagnosis and explanation
//
// It never parses flags, prints, reads the environment or knows a protocol.
package generator
