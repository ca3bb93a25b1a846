// Package catalog reads what the env repo records: octopod.yaml, the records of
// stagings, their history, files and objects, and the branches of the
// application's repositories. It also lays the uncommitted files of a work tree
// over the tip.
//
// It never writes, never checks objects and never asks Argo CD.
package catalog
