// Package rights decides what an actor may do and see: authorization of verbs,
// visibility by role, masking of secrets, and the version of a record by which a
// stale request is refused.
//
// It imports nouns only. It never reads the env repo and never signs anybody in:
// package auth does that.
package rights
