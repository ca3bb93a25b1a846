// Package receiver carries out webhooks: it accepts and orders their events,
// decides by rules what each asks for, retries what has to wait, and reconciles
// with the repositories when a webhook was lost.
//
// It never reads HTTP: package branch parses deliveries and verifies signatures.
package receiver
