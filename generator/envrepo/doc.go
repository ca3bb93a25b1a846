// Package envrepo knows where things lie in the env repo: octopod.yaml at the
// root, one directory per staging under envs, and nothing that two stagings
// share. It reads and writes records, tells in a commit what was done and by
// whom, and reads that back as history.
//
// It never decides what a staging should be and never renders; it hands git's
// work to package gitstore.
package envrepo
