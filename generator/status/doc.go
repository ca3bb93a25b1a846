// Package status reports how stagings are: it compares what the env repo records
// with what Argo CD reports, and evaluates the phase of each staging.
//
// It never writes, and never refreshes Argo CD.
package status
