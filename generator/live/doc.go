// Package live publishes what changes, as it changes: one watch over the env repo
// and Argo CD feeds any number of subscribers. It also refreshes Argo CD after a
// commit, and waits for a staging to reach a goal.
//
// It never commits.
package live
