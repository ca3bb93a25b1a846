// Package envrepo defines the layout of the env repo: octopod.yaml at the root, one
// directory per staging under envs, and no file that two stagings share. It reads and
// writes records, writes action and author into commits, and reads them back as
// history.
//
// It does not decide what a staging should be and does not render. Git is the work of
// package gitstore.
package envrepo
